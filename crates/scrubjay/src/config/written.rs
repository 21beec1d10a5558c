//! The pipeline file as it was written: its shape is right, its meaning is not yet checked.
//!
//! A field is `None` when it was not written, or when it was wrong; then a mistake is noted and no plan will come of it.

use std::time::Duration;

use super::plan::{Compression, KafkaCompression, LimitsPlan, Start};
use super::properties::WrittenProperty;
use scrubjay_scrub::Policy;
use scrubjay_yaml::At;

/// The whole file.
#[derive(Debug)]
pub(super) struct WrittenFile {
    pub(super) state_dir: Option<At<String>>,
    pub(super) start_afresh: bool,
    pub(super) threads: Option<At<u64>>,
    pub(super) keys: WrittenKeys,
    pub(super) limits: WrittenLimits,
    pub(super) policy: Option<WrittenPolicy>,
    pub(super) rules: Option<WrittenRules>,
    pub(super) sources: Vec<Named<WrittenSource>>,
    pub(super) sinks: Vec<Named<WrittenSink>>,
    pub(super) pipelines: Vec<WrittenPipeline>,
}

/// The keys: of fingerprints, and of those who may open what is sealed.
#[derive(Debug, Default)]
pub(super) struct WrittenKeys {
    pub(super) fingerprint: Option<At<String>>,
    /// Audiences and their key files.
    pub(super) audiences: Vec<(At<String>, Vec<At<String>>)>,
    pub(super) epochs: Option<At<String>>,
    pub(super) identity: Option<At<String>>,
    pub(super) standalone: bool,
}

/// The policy: a file, or written out.
#[derive(Debug)]
pub(super) enum WrittenPolicy {
    File(At<String>),
    Here(Box<Policy>),
}

/// Which rules for other credentials act.
#[derive(Debug)]
pub(super) struct WrittenRules {
    pub(super) silence: Vec<At<String>>,
    pub(super) enable: Vec<At<String>>,
    pub(super) files: Vec<At<String>>,
}

/// Limits with defaults in, and the places of those that were written.
#[derive(Debug)]
pub(super) struct WrittenLimits {
    pub(super) values: LimitsPlan,
    pub(super) line: Option<At<u64>>,
    pub(super) marker: Option<At<u64>>,
}

/// A source or sink under its name. The name counts as known also when `body` is `None`.
#[derive(Debug)]
pub(super) struct Named<T> {
    pub(super) name: At<String>,
    pub(super) body: Option<T>,
}

#[derive(Debug)]
pub(super) enum WrittenSource {
    File(WrittenFileSource),
    Stdin,
    Kafka(WrittenKafkaSource),
}

#[derive(Debug)]
pub(super) struct WrittenFileSource {
    pub(super) include: Vec<At<String>>,
    pub(super) exclude: Vec<At<String>>,
    pub(super) start: Start,
    pub(super) poll_interval: Duration,
}

#[derive(Debug)]
pub(super) struct WrittenKafkaSource {
    pub(super) brokers: Vec<At<String>>,
    pub(super) topics: Vec<At<String>>,
    pub(super) group: Option<At<String>>,
    pub(super) start: Start,
    pub(super) properties: Vec<WrittenProperty>,
}

#[derive(Debug)]
pub(super) enum WrittenSink {
    File(WrittenFileSink),
    Stdout,
    Kafka(WrittenKafkaSink),
}

#[derive(Debug)]
pub(super) struct WrittenFileSink {
    pub(super) path: Option<At<String>>,
    pub(super) compression: Compression,
    pub(super) level: Option<At<u64>>,
    pub(super) rotate: Option<At<WrittenRotate>>,
}

#[derive(Debug)]
pub(super) struct WrittenRotate {
    pub(super) bytes_max: Option<u64>,
    pub(super) age_max: Option<Duration>,
    pub(super) keep: Option<u64>,
    /// Whether a limit was written, be it a bad one.
    pub(super) limited: bool,
}

#[derive(Debug)]
pub(super) struct WrittenKafkaSink {
    pub(super) brokers: Vec<At<String>>,
    pub(super) topic: Option<At<String>>,
    pub(super) compression: KafkaCompression,
    pub(super) properties: Vec<WrittenProperty>,
}

#[derive(Debug)]
pub(super) struct WrittenPipeline {
    pub(super) from: Vec<At<String>>,
    pub(super) to: Vec<At<String>>,
    pub(super) sidecar: Vec<At<String>>,
}
