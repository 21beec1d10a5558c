//! The plan for people: `scrubjay check`.

use std::fmt;
use std::sync::Arc;

use scrubjay_scrub::Policy;

use super::plan::{Compression, Delivery, FileSinkPlan, KafkaCompression, LimitsPlan, Plan, Property, SinkPlan, SourcePlan, Start};
use scrubjay_yaml::{clean, write_line};
use scrubjay_yaml::{show_duration, show_size};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: no mistakes", self.file)?;
        for (i, pipeline) in self.pipelines.iter().enumerate() {
            let Delivery::AtLeastOnce = pipeline.delivery;
            writeln!(f, "\npipeline {} (at-least-once)", i + 1)?;
            for source in &pipeline.from {
                writeln!(f, "  reads   {}: {}", source.name, source.plan)?;
            }
            for sink in &pipeline.to {
                writeln!(f, "  writes  {}: {}", sink.name, sink.plan)?;
            }
            for sink in &pipeline.sidecar {
                writeln!(f, "  claims  {}: {}", sink.name, sink.plan)?;
            }
        }
        writeln!(f, "\nstate     {}", clean(&self.state_dir.to_string_lossy()))?;
        match &self.fingerprint_key {
            Some(key) => writeln!(f, "keys      fingerprint: {}", clean(&key.to_string_lossy()))?,
            None => writeln!(f, "keys      fingerprint: made for each run (fingerprints of two runs cannot be compared)")?,
        }
        if let Some(sealing) = &self.sealing {
            let audiences: Vec<&str> = sealing.audiences.keys().map(String::as_str).collect();
            let how = if sealing.standalone {
                "a key for each claim set".to_owned()
            } else {
                format!("epochs in {}", clean(&sealing.epochs.to_string_lossy()))
            };
            writeln!(f, "sealing   {how}; for {}", audiences.join(", "))?;
        }
        self.show_policy(f)?;
        writeln!(f, "rules     {} for other credentials", self.rules.rules().len())?;
        match self.threads {
            Some(threads) => writeln!(f, "threads   {threads}")?,
            None => writeln!(f, "threads   one for each core")?,
        }
        writeln!(f, "limits    {}", self.limits)?;
        if !self.warnings.is_empty() {
            writeln!(f)?;
        }
        for warning in &self.warnings {
            write_line(f, &self.file, "warning: ", warning)?;
        }
        Ok(())
    }
}

impl Plan {
    fn show_policy(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if Arc::ptr_eq(&self.policy, &Policy::builtin()) {
            return writeln!(f, "policy    the safe default");
        }
        let place = self.policy_file.as_ref().map_or_else(|| "in this file".to_owned(), |file| clean(&file.to_string_lossy()));
        let rules = self.policy.rules().len();
        writeln!(f, "policy    {place}: {rules} rule{}", if rules == 1 { "" } else { "s" })?;
        for audience in self.policy.audiences() {
            writeln!(f, "  seals   to {}", clean(audience))?;
        }
        Ok(())
    }
}

impl fmt::Display for LimitsPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token_bytes_max, line_bytes_max, budget_bytes_max, marker_bytes_max } = *self;
        let show = |bytes: usize| show_size(bytes as u64);
        let (token, line, budget, marker) = (show(token_bytes_max), show(line_bytes_max), show(budget_bytes_max), show(marker_bytes_max));
        write!(f, "token {token}, line {line}, budget {budget}, marker {marker}")
    }
}

impl fmt::Display for SourcePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(file) => {
                let patterns: Vec<_> = file.include.iter().map(|p| clean(p)).collect();
                write!(f, "files {}", patterns.join(", "))?;
                if !file.exclude.is_empty() {
                    let patterns: Vec<_> = file.exclude.iter().map(|p| clean(p)).collect();
                    write!(f, " without {}", patterns.join(", "))?;
                }
                write!(f, ", {}, every {}", start(file.start), show_duration(file.poll_interval))
            }
            Self::Kafka(kafka) => {
                write!(
                    f,
                    "Kafka topics {} at {}, group {}, {}",
                    kafka.topics.join(", "),
                    kafka.brokers.join(", "),
                    clean(&kafka.group),
                    start(kafka.start)
                )?;
                write_properties(f, &kafka.properties)
            }
        }
    }
}

impl fmt::Display for SinkPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File(file) => write_file(f, file),
            Self::Kafka(kafka) => {
                write!(f, "Kafka topic {} at {}", kafka.topic, kafka.brokers.join(", "))?;
                if kafka.compression != KafkaCompression::None {
                    write!(f, ", {}", kafka.compression.word())?;
                }
                write_properties(f, &kafka.properties)
            }
        }
    }
}

fn start(start: Start) -> &'static str {
    match start {
        Start::Beginning => "from the beginning",
        Start::End => "from the end",
    }
}

fn write_file(f: &mut fmt::Formatter<'_>, file: &FileSinkPlan) -> fmt::Result {
    write!(f, "file {}", clean(&file.path.to_string_lossy()))?;
    match file.compression {
        Compression::None => {}
        Compression::Gzip => f.write_str(", gzip")?,
        Compression::Zstd => f.write_str(", zstd")?,
    }
    if let Some(level) = file.level {
        write!(f, " level {level}")?;
    }
    let Some(rotate) = file.rotate else { return Ok(()) };
    let limits = [rotate.bytes_max.map(show_size), rotate.age_max.map(show_duration)];
    write!(f, ", a new one after {}", limits.into_iter().flatten().collect::<Vec<_>>().join(" or "))?;
    match rotate.keep {
        Some(keep) => write!(f, ", {keep} kept"),
        None => f.write_str(", all kept"),
    }
}

/// Names only: what is in a value that we do not know is not ours to show.
fn write_properties(f: &mut fmt::Formatter<'_>, properties: &[Property]) -> fmt::Result {
    if properties.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = properties.iter().map(|p| p.name.as_str()).collect();
    write!(f, ", properties {}", names.join(", "))
}
