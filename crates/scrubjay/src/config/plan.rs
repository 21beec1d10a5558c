//! The pipeline file as checked: what is to be assembled. Paths are absolute, names are resolved, nothing contradicts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scrubjay_rules::RulePack;
use scrubjay_scrub::Policy;

pub(crate) use super::properties::Property;

use scrubjay_yaml::Mistake;

/// A checked pipeline file.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The file as it was named.
    pub(crate) file: String,
    /// Where state lives; need not exist yet.
    pub(crate) state_dir: PathBuf,
    /// Forget positions and overwrite file output at each start: for demonstrations.
    pub(crate) start_afresh: bool,
    /// The file of the fingerprint key (readable, private, at least 32 bytes); `None`: a key made for this run.
    pub(crate) fingerprint_key: Option<PathBuf>,
    /// How claims are sealed; `None`: they are dropped.
    pub(crate) sealing: Option<SealingPlan>,
    /// Threads that work at a time; `None`: one for each core.
    pub(crate) threads: Option<usize>,
    /// Limits.
    pub(crate) limits: LimitsPlan,
    /// What is shown of which token.
    pub(crate) policy: Arc<Policy>,
    /// The file that it is in; `None`: the pipeline file, or the built-in default.
    pub(crate) policy_file: Option<PathBuf>,
    /// The rules for credentials that are no tokens.
    pub(crate) rules: Arc<RulePack>,
    /// The pipelines in the order of the file; at least one. A source feeds one pipeline only.
    pub(crate) pipelines: Vec<PipelinePlan>,
    /// What is not wrong but worth a look.
    pub(crate) warnings: Vec<Mistake>,
}

/// How claims are sealed, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct SealingPlan {
    /// Files of public keys by audience; at least one each, and readable.
    pub(crate) audiences: BTreeMap<String, Vec<PathBuf>>,
    /// Where epoch records are kept; need not exist yet.
    pub(crate) epochs: PathBuf,
    /// The key that epoch records are signed with.
    pub(crate) identity: Option<PathBuf>,
    /// A key for each claim set instead of epochs.
    pub(crate) standalone: bool,
}

/// Limits of the process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitsPlan {
    /// A token candidate that is still undecided at this length is withheld.
    pub(crate) token_bytes_max: usize,
    /// A line for structured codecs and message sinks.
    pub(crate) line_bytes_max: usize,
    /// All batches of the process together.
    pub(crate) budget_bytes_max: usize,
    /// A marker.
    pub(crate) marker_bytes_max: usize,
}

/// What flows from where to where.
#[derive(Clone, Debug)]
pub(crate) struct PipelinePlan {
    /// At least one; every name once in the whole plan.
    pub(crate) from: Vec<NamedSource>,
    /// At least one; every name once in a pipeline. Only a Kafka sink can be in several pipelines.
    pub(crate) to: Vec<NamedSink>,
    /// Sinks for claim sets that are kept apart.
    pub(crate) sidecar: Vec<NamedSink>,
    /// The promise.
    pub(crate) delivery: Delivery,
}

/// What a pipeline promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Nothing is lost; after a crash some may come twice.
    AtLeastOnce,
}

/// A source under its name.
#[derive(Clone, Debug)]
pub(crate) struct NamedSource {
    /// `[A-Za-z0-9_-]{1,64}`.
    pub(crate) name: String,
    /// What it is.
    pub(crate) plan: SourcePlan,
}

/// A sink under its name.
#[derive(Clone, Debug)]
pub(crate) struct NamedSink {
    /// `[A-Za-z0-9_-]{1,64}`.
    pub(crate) name: String,
    /// What it is.
    pub(crate) plan: SinkPlan,
}

/// Where input comes from.
#[derive(Clone, Debug)]
pub(crate) enum SourcePlan {
    /// Files that are followed.
    File(FileSourcePlan),
    /// Standard input; at most one in a plan.
    Stdin,
    /// Kafka topics.
    Kafka(KafkaSourcePlan),
}

/// Where reading starts when there is no stored position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what is there (Kafka: earliest).
    Beginning,
    /// With what comes (Kafka: latest).
    End,
}

/// Files that are followed.
#[derive(Clone, Debug)]
pub(crate) struct FileSourcePlan {
    /// Absolute patterns of the `glob` crate, to be matched with literal separators; at least one.
    pub(crate) include: Vec<String>,
    /// The same for files that are left out although an include pattern matches.
    pub(crate) exclude: Vec<String>,
    /// Where a file without stored position starts.
    pub(crate) start: Start,
    /// How often to look for new files and new bytes.
    pub(crate) poll_interval: Duration,
}

/// Topics that are consumed.
#[derive(Clone, Debug)]
pub(crate) struct KafkaSourcePlan {
    /// `host:port` or `host`; at least one.
    pub(crate) brokers: Vec<String>,
    /// Plain topic names, no patterns; at least one.
    pub(crate) topics: Vec<String>,
    /// The consumer group.
    pub(crate) group: String,
    /// Where a partition without committed offset starts.
    pub(crate) start: Start,
    /// More settings for librdkafka; none that scrubjay sets itself.
    pub(crate) properties: Vec<Property>,
}

/// Where output goes.
#[derive(Clone, Debug)]
pub(crate) enum SinkPlan {
    /// A file.
    File(FileSinkPlan),
    /// Standard output; at most one in a plan.
    Stdout,
    /// A Kafka topic.
    Kafka(KafkaSinkPlan),
}

/// A file that is appended to.
#[derive(Clone, Debug)]
pub(crate) struct FileSinkPlan {
    /// The file; need not exist yet, nor its folder. Differs from every other sink's and every input.
    pub(crate) path: PathBuf,
    /// How it is compressed.
    pub(crate) compression: Compression,
    /// The level: gzip 1 to 9, zstd 1 to 22; `None`: the format's default.
    pub(crate) level: Option<u32>,
    /// When to begin a new file; `None`: never.
    pub(crate) rotate: Option<RotatePlan>,
}

/// Compression of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Plain.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// When a new file is begun. At least one of the first two is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RotatePlan {
    /// At this many bytes on disk.
    pub(crate) bytes_max: Option<u64>,
    /// At this age.
    pub(crate) age_max: Option<Duration>,
    /// How many finished files stay, at least 1; `None`: all.
    pub(crate) keep: Option<u32>,
}

/// A topic that is produced to.
#[derive(Clone, Debug)]
pub(crate) struct KafkaSinkPlan {
    /// `host:port` or `host`; at least one.
    pub(crate) brokers: Vec<String>,
    /// The topic.
    pub(crate) topic: String,
    /// Compression on the wire.
    pub(crate) compression: KafkaCompression,
    /// More settings for librdkafka; none that scrubjay sets itself.
    pub(crate) properties: Vec<Property>,
}

/// Compression of Kafka batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KafkaCompression {
    /// Plain.
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl KafkaCompression {
    /// The word that librdkafka's `compression.type` takes.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}
