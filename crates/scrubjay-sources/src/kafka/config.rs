//! The source's settings, checked.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use scrubjay_pipeline::Problem;

/// Most that librdkafka fetches ahead of what is asked for, in KiB.
const FETCH_QUEUE_KBYTES: u32 = 16 * 1024;
/// Most that one fetch returns, in bytes.
const FETCH_BYTES_MAX: u32 = 8 * 1024 * 1024;

/// Properties that a user may not set, and why. A prefix ends in `.`.
const REFUSED: &[(&str, &str)] = &[
    ("enable.auto.", "offsets are committed by scrubjay, after delivery"),
    ("auto.commit.", "offsets are committed by scrubjay, after delivery"),
    ("auto.offset.reset", "use `start`"),
    ("isolation.level", "records of aborted transactions must not be forwarded"),
    ("enable.partition.eof", "used by scrubjay itself"),
    ("bootstrap.servers", "use `brokers`"),
    ("metadata.broker.list", "use `brokers`"),
    ("group.id", "use `group`"),
    ("group.protocol", "only the classic protocol is supported"),
    ("group.remote.assignor", "only the classic protocol is supported"),
    ("allow.auto.create.topics", "a missing topic is reported, never created"),
    ("debug", "debug output of the client may hold record bytes"),
    ("plugin.library.paths", "code is not loaded from a configuration"),
    ("statistics.interval.ms", "not used"),
    ("test.mock.", "not a real broker"),
    ("queued.max.messages.kbytes", "memory is bounded by scrubjay"),
];

/// Where to begin in a partition for which the group has committed no offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record.
    Earliest,
    /// After the newest record.
    Latest,
}

/// Settings of a [`super::KafkaSource`].
#[derive(Clone)]
pub struct KafkaSourceConfig {
    /// The source's name in the pipeline file.
    pub name: String,
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// The topics to read, by name.
    pub topics: Vec<String>,
    /// The consumer group.
    pub group: String,
    /// Where to begin without a committed offset.
    pub start: Start,
    /// End at the end offsets of the start.
    pub once: bool,
    /// Longest wait for a broker: with `once` the source then ends, without it a problem is told and it goes on trying.
    pub broker_wait: Duration,
    /// Properties for librdkafka, as the user gave them. Never shown: they may hold passwords.
    pub extra: BTreeMap<String, String>,
}

impl KafkaSourceConfig {
    /// Settings with the defaults: from the oldest record, following, 60 s for a broker.
    pub fn new(name: impl Into<String>, brokers: impl Into<String>, topics: Vec<String>, group: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            brokers: brokers.into(),
            topics,
            group: group.into(),
            start: Start::Earliest,
            once: false,
            broker_wait: Duration::from_secs(60),
            extra: BTreeMap::new(),
        }
    }

    /// Checks the settings without a broker, for `check`.
    ///
    /// # Errors
    /// The first [`Problem`] found. It names properties, never their values.
    pub fn check(&self) -> Result<(), Problem> {
        self.client()?.create_native_config().map(|_| ()).map_err(|e| self.refused(&e))
    }

    pub(super) fn place(&self) -> String {
        format!("kafka source {}", self.name)
    }

    /// The properties for librdkafka.
    pub(super) fn client(&self) -> Result<ClientConfig, Problem> {
        let problem = |what: String, remedy: &str| Problem::new(self.place(), what, remedy);
        for (value, name) in [(&self.brokers, "brokers"), (&self.group, "group")] {
            if value.trim().is_empty() {
                return Err(problem(format!("`{name}` is empty"), "give it a value"));
            }
        }
        if self.topics.is_empty() || self.topics.iter().any(|t| t.is_empty() || t.starts_with('^')) {
            return Err(problem("`topics` must list at least one topic by name".to_owned(), "patterns are not supported"));
        }
        for key in self.extra.keys() {
            if let Some((_, why)) = REFUSED.iter().find(|(name, _)| key == name || (name.ends_with('.') && key.starts_with(name))) {
                return Err(problem(format!("the property `{key}` cannot be set"), why));
            }
        }
        let mut config = ClientConfig::new();
        config
            .set("client.id", "scrubjay")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "10000")
            .set("check.crcs", "true")
            .set("fetch.queue.backoff.ms", "10")
            .set("fetch.max.bytes", FETCH_BYTES_MAX.to_string())
            .set("max.partition.fetch.bytes", "1048576");
        for (key, value) in &self.extra {
            config.set(key, value);
        }
        config
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", &self.group)
            .set("group.protocol", "classic")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("allow.auto.create.topics", "false")
            .set("queued.max.messages.kbytes", FETCH_QUEUE_KBYTES.to_string())
            .set("auto.offset.reset", if self.start == Start::Earliest { "earliest" } else { "latest" });
        Ok(config)
    }

    /// A refusal by librdkafka, without the value: it may be a password.
    pub(super) fn refused(&self, error: &KafkaError) -> Problem {
        match error {
            KafkaError::ClientConfig(_, _, key, _) => {
                Problem::new(self.place(), format!("the client refuses the property `{}`", plain(key)), "see librdkafka's CONFIGURATION.md")
            }
            KafkaError::ClientCreation(why) => Problem::new(self.place(), format!("no client: {}", plain(why)), "correct the properties"),
            other => Problem::new(self.place(), format!("no client: {other}"), "correct the properties"),
        }
    }
}

/// Text for a person, without control characters and not long.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> KafkaSourceConfig {
        KafkaSourceConfig::new("in", "127.0.0.1:1", vec!["t".into()], "g")
    }

    #[test]
    fn what_breaks_delivery_is_refused() {
        assert_eq!(config().check(), Ok(()));
        for key in ["enable.auto.commit", "enable.auto.offset.store", "debug", "isolation.level", "group.id", "plugin.library.paths"] {
            let mut config = config();
            config.extra.insert(key.into(), "x".into());
            assert!(config.check().unwrap_err().what.contains(key));
        }
    }

    #[test]
    fn a_refused_value_is_not_shown() {
        for (key, value) in [("no.such.property", "hunter2"), ("fetch.min.bytes", "hunter2"), ("security.protocol", "hunter2")] {
            let mut config = config();
            config.extra.insert(key.into(), value.into());
            let problem = config.check().unwrap_err();
            assert!(problem.what.contains(key) && !problem.to_string().contains(value), "{problem}");
        }
    }

    #[test]
    fn empty_settings_are_refused() {
        assert!(KafkaSourceConfig { topics: vec![], ..config() }.check().is_err());
        assert!(KafkaSourceConfig { topics: vec!["^a.*".into()], ..config() }.check().is_err());
        assert!(KafkaSourceConfig { brokers: " ".into(), ..config() }.check().is_err());
        assert!(KafkaSourceConfig { group: String::new(), ..config() }.check().is_err());
    }
}
