//! Plan → running parts: one `match` for sources, one for sinks.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scrubjay_claims::CorrelationRing;
use scrubjay_pipeline::{Pipeline, Problem, RunLimits, Sink, Source, Tend};
use scrubjay_scrub::{KEY_BYTES_MIN, Limits, Scrubber, Teller};
use scrubjay_sinks::file::{self, FileSink, FileSinkConfig, LineLimits};
use scrubjay_sinks::kafka::{KafkaSink, KafkaSinkConfig};
use scrubjay_sinks::stdout::StdoutSink;
use scrubjay_sources::{FileSource, FileSourceConfig, KafkaSource, KafkaSourceConfig, StdinSource};
use zeroize::Zeroizing;

use crate::config::{
    Compression, FileSinkPlan, FileSourcePlan, KafkaSinkPlan, KafkaSourcePlan, NamedSink, NamedSource, PipelinePlan, Plan, SinkPlan,
    SourcePlan, Start,
};
use crate::sealing::{self, Seals, Tender};
use crate::{keyfile, safe};

/// Tells a person of a problem that is being waited out. Scrubbed: a path may hold anything.
pub(crate) fn tell(problem: &Problem) {
    eprintln!("scrubjay: {}", safe::text(&problem.to_string(), false));
}

/// Makes the folder for state, and the fingerprint key where none is configured.
pub(crate) fn prepare(plan: &Plan) -> Result<(), Problem> {
    // Only the folder itself is private: folders above it may come to hold output that others read.
    let above = fs::DirBuilder::new().recursive(true).mode(0o755).create(plan.state_dir.parent().unwrap_or(Path::new("/")));
    let made = above.and_then(|()| fs::DirBuilder::new().recursive(true).mode(0o700).create(&plan.state_dir));
    made.map_err(|e| Problem::new(plan.state_dir.to_string_lossy(), keyfile::reason(&e), "give a folder that can be made and written to"))?;
    if plan.start_afresh { forget(plan) } else { Ok(()) }
}

/// Removes positions and file output of earlier runs.
fn forget(plan: &Plan) -> Result<(), Problem> {
    let sources = plan.pipelines.iter().flat_map(|p| &p.from).map(|s| checkpoint(plan, &s.name));
    let outputs = plan.pipelines.iter().flat_map(|p| p.to.iter().chain(&p.sidecar)).filter_map(|s| match &s.plan {
        SinkPlan::File(f) => Some(f.path.clone()),
        _ => None,
    });
    let paths: Vec<PathBuf> = sources.chain(outputs).collect();
    // Another agent's positions and output must not go: what it has delivered would be lost.
    for path in &paths {
        let lock = path.with_file_name(format!("{}.lock", path.file_name().unwrap_or_default().to_string_lossy()));
        if in_use(path) || in_use(&lock) {
            let remedy = "stop the other one, or give each its own state_dir and output";
            return Err(Problem::new(path.to_string_lossy(), "is in use by another scrubjay", remedy));
        }
    }
    for path in paths {
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Problem::new(
                    path.to_string_lossy(),
                    keyfile::reason(&e),
                    "start_afresh removes it: make its folder writable, or remove start_afresh",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// True when another process holds the lock that sources and sinks take on their files.
fn in_use(path: &Path) -> bool {
    use rustix::fs::{FlockOperation, flock};
    let Ok(meta) = fs::symlink_metadata(path) else { return false };
    // Opening a pipe could wait for ever.
    let file = if meta.is_file() { fs::File::open(path).ok() } else { None };
    file.is_some_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(rustix::io::Errno::WOULDBLOCK))
}

fn checkpoint(plan: &Plan, source: &str) -> PathBuf {
    plan.state_dir.join(format!("{source}.checkpoint.json"))
}

/// The correlation keys: the configured ones, or one that is made once and kept with the state.
fn ring(plan: &Plan) -> Result<CorrelationRing, String> {
    let made = plan.state_dir.join("fingerprint.key");
    let path = plan.fingerprint_key.as_ref().unwrap_or(&made);
    if plan.fingerprint_key.is_none() && !path.exists() {
        make_key(path).map_err(|e| format!("{}: {}", safe::path(path), keyfile::reason(&e)))?;
    }
    keyfile::ring(path).map_err(|wrong| format!("{}: {wrong}", safe::path(path)))
}

/// Written whole under another name first, so that a crash leaves no short key behind.
fn make_key(path: &Path) -> std::io::Result<()> {
    let mut secret = Zeroizing::new([0u8; KEY_BYTES_MIN]);
    getrandom::fill(secret.as_mut()).map_err(std::io::Error::other)?;
    let hidden = path.with_file_name(".fingerprint.key.new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&hidden)?;
    file.write_all(secret.as_ref())?;
    file.sync_all()?;
    fs::rename(&hidden, path)?;
    fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// What all pipelines of a plan share: keys, and who seals.
pub(crate) struct Shared {
    ring: Arc<CorrelationRing>,
    seals: Option<Seals>,
}

impl Shared {
    /// Says what has come up in sealing since it was last said.
    pub(crate) fn say_alarms(&self) {
        self.seals.iter().for_each(|seals| sealing::say_alarms(&seals.sealer));
    }
}

/// Opens what all pipelines share.
pub(crate) fn shared(plan: &Plan) -> Result<Shared, Problem> {
    let ring = ring(plan).map_err(|what| Problem::new("fingerprint key", what, ""))?;
    let seals = plan.sealing.as_ref().map(sealing::open).transpose().map_err(|what| Problem::new("sealing", what, ""))?;
    Ok(Shared { ring: Arc::new(ring), seals })
}

/// One pipeline with everything opened, with a scrubber for each thread. Problems name what could not be.
pub(crate) async fn pipeline(plan: &Plan, which: &PipelinePlan, shared: &Shared, once: bool, threads: usize) -> Result<Pipeline, Problem> {
    let limits = RunLimits { budget_bytes_max: plan.limits.budget_bytes_max / plan.pipelines.len().max(1), ..RunLimits::default() };
    let mut sources = Vec::with_capacity(which.from.len());
    for named in &which.from {
        sources.push(source(plan, named, once)?);
    }
    let mut sinks = Vec::with_capacity(which.to.len());
    for named in &which.to {
        sinks.push(sink(plan, named).await?);
    }
    let mut sidecars = Vec::with_capacity(which.sidecar.len());
    for named in &which.sidecar {
        sidecars.push(sink(plan, named).await?);
    }
    let decided = Limits { token_bytes_max: plan.limits.token_bytes_max };
    let now = keyfile::now();
    let mut teller = Teller::new(shared.ring.active(now), Arc::clone(&plan.rules))
        .with_policy(Arc::clone(&plan.policy))
        .with_marker_bytes_max(plan.limits.marker_bytes_max)
        .at(u64::try_from(now).unwrap_or_default());
    if let Some(seals) = &shared.seals {
        teller = teller.with_sealer(Arc::clone(&seals.sealer));
    }
    let scrubbers = (0..threads).map(|_| Scrubber::of(teller.clone(), decided)).collect();
    let tender = Tender::new(Arc::clone(&shared.ring), shared.seals.clone());
    let tend: Arc<Tend> = Arc::new(move |scrubber: &mut Scrubber| tender.tend(scrubber));
    Ok(Pipeline { sources, sinks, sidecars, scrubbers, tend: Some(tend), limits })
}

fn source(plan: &Plan, named: &NamedSource, once: bool) -> Result<Box<dyn Source>, Problem> {
    Ok(match &named.plan {
        SourcePlan::File(file) => Box::new(FileSource::new(file_source(plan, &named.name, file, once))?),
        SourcePlan::Stdin => Box::new(StdinSource::new(&named.name)?),
        SourcePlan::Kafka(kafka) => Box::new(KafkaSource::open(kafka_source(&named.name, kafka, once))?),
    })
}

fn file_source(plan: &Plan, name: &str, file: &FileSourcePlan, once: bool) -> FileSourceConfig {
    FileSourceConfig {
        exclude: file.exclude.clone(),
        start: match file.start {
            Start::Beginning => scrubjay_sources::Start::Beginning,
            Start::End => scrubjay_sources::Start::End,
        },
        once,
        state_file: Some(checkpoint(plan, name)),
        poll_interval: file.poll_interval,
        line_bytes_max: plan.limits.line_bytes_max,
        ..FileSourceConfig::new(name, file.include.clone())
    }
}

fn kafka_source(name: &str, kafka: &KafkaSourcePlan, once: bool) -> KafkaSourceConfig {
    KafkaSourceConfig {
        start: match kafka.start {
            Start::Beginning => scrubjay_sources::kafka::Start::Earliest,
            Start::End => scrubjay_sources::kafka::Start::Latest,
        },
        once,
        extra: kafka.properties.iter().map(|p| (p.name.clone(), p.value.expose().to_owned())).collect(),
        ..KafkaSourceConfig::new(name, kafka.brokers.join(","), kafka.topics.clone(), kafka.group.clone())
    }
}

async fn sink(plan: &Plan, named: &NamedSink) -> Result<Box<dyn Sink>, Problem> {
    Ok(match &named.plan {
        SinkPlan::File(file) => Box::new(FileSink::open(file_sink(file))?.on_trouble(tell)),
        SinkPlan::Stdout => Box::new(StdoutSink::lines(LineLimits::default())),
        SinkPlan::Kafka(kafka) => Box::new(KafkaSink::connect(kafka_sink(plan, &named.name, kafka)).await?),
    })
}

fn file_sink(file: &FileSinkPlan) -> FileSinkConfig {
    let level = |default: u32| file.level.unwrap_or(default);
    let compression = match file.compression {
        Compression::None => file::Compression::None,
        Compression::Gzip => file::Compression::Gzip { level: level(6) },
        Compression::Zstd => file::Compression::Zstd { level: i32::try_from(level(3)).unwrap_or(3) },
    };
    let rotate = file.rotate.map(|r| file::Rotate { bytes_max: r.bytes_max, age_max: r.age_max, keep: r.keep.map(|k| k as usize) });
    FileSinkConfig { rotate, ..FileSinkConfig::new(&file.path, compression) }
}

fn kafka_sink(plan: &Plan, name: &str, kafka: &KafkaSinkPlan) -> KafkaSinkConfig {
    let base = KafkaSinkConfig::new(name, kafka.brokers.join(","), &kafka.topic);
    KafkaSinkConfig {
        compression: kafka.compression.word().to_owned(),
        properties: kafka.properties.iter().map(|p| (p.name.clone(), p.value.expose().to_owned())).collect(),
        message_bytes_max: plan.limits.line_bytes_max.min(base.message_bytes_max),
        ..base
    }
}
