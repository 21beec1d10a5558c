//! The sink's settings, checked.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use scrubjay_pipeline::Problem;

/// What librdkafka may hold that the broker has not acknowledged, in KiB (its own default is 1 GiB).
const QUEUE_KBYTES_MAX: u32 = 32 * 1024;
/// Largest request, in bytes. The topic's own limit decides what is too large, not the client.
const REQUEST_BYTES_MAX: u32 = QUEUE_KBYTES_MAX * 1024;
/// Bytes of one batch of messages, unless the user or the topic wants less: librdkafka's default.
pub(super) const BATCH_BYTES: u32 = 1_000_000;

const COMPRESSIONS: &[&str] = &["none", "lz4", "zstd", "gzip", "snappy"];

/// Properties that a user may not set, and why. A prefix ends in `.`.
const REFUSED: &[(&str, &str)] = &[
    ("acks", "every record is acknowledged by all in-sync replicas"),
    ("request.required.acks", "every record is acknowledged by all in-sync replicas"),
    ("enable.idempotence", "without it a retry repeats or reorders records"),
    ("enable.gapless.guarantee", "a refused record stops the run anyway"),
    ("message.timeout.ms", "a record that expires is lost"),
    ("delivery.timeout.ms", "a record that expires is lost"),
    ("retries", "a record that is not retried is lost"),
    ("message.send.max.retries", "a record that is not retried is lost"),
    ("max.in.flight", "the idempotent producer chooses it"),
    ("max.in.flight.requests.per.connection", "the idempotent producer chooses it"),
    ("queuing.strategy", "the order of records must hold"),
    ("delivery.report.only.error", "each delivery is counted"),
    ("transactional.id", "used by scrubjay itself"),
    ("transaction.timeout.ms", "used by scrubjay itself"),
    ("bootstrap.servers", "use `brokers`"),
    ("metadata.broker.list", "use `brokers`"),
    ("compression.type", "use `compression`"),
    ("compression.codec", "use `compression`"),
    ("partitioner", "scrubjay chooses the partition, so that order holds"),
    ("message.max.bytes", "the topic's own limit decides"),
    ("queue.buffering.max.kbytes", "memory is bounded by scrubjay"),
    ("allow.auto.create.topics", "a missing topic is reported, never created"),
    ("debug", "debug output of the client may hold record bytes"),
    ("log_level", "the client's log is reduced to codes"),
    ("log.", "the client's log is reduced to codes"),
    ("plugin.library.paths", "code is not loaded from a configuration"),
    ("statistics.interval.ms", "not used"),
    ("test.mock.", "not a real broker"),
];

/// Settings of a [`super::KafkaSink`]. It has no `Debug`: properties may hold passwords.
#[derive(Clone)]
pub struct KafkaSinkConfig {
    /// The sink's name in the pipeline file.
    pub name: String,
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// The topic to write to. It must exist.
    pub topic: String,
    /// `none`, `lz4`, `zstd`, `gzip` or `snappy`.
    pub compression: String,
    /// Properties for librdkafka, as the user gave them. Those that would break delivery are refused.
    pub properties: Vec<(String, String)>,
    /// Longest value of one message that is made from lines, in bytes; a longer line becomes several messages.
    /// Lowered where the topic takes less. Default 983,040.
    pub message_bytes_max: usize,
    /// Input bytes of batches that may wait for the rest of a line before an unfinished line is sent in parts, so that
    /// unfinished lines of many lanes cannot use up the process's byte budget. Must be well below it. Default 32 MiB.
    pub held_bytes_max: u64,
    /// Longest wait for a broker at the start. Default 60 s.
    pub connect_wait: Duration,
}

impl KafkaSinkConfig {
    /// Settings with the defaults, without compression.
    pub fn new(name: impl Into<String>, brokers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            brokers: brokers.into(),
            topic: topic.into(),
            compression: "none".to_owned(),
            properties: Vec::new(),
            message_bytes_max: 983_040,
            held_bytes_max: 32 << 20,
            connect_wait: Duration::from_secs(60),
        }
    }

    /// Checks the settings without a broker, for `check`.
    ///
    /// # Errors
    /// The first [`Problem`] found. It names properties, never their values.
    pub fn check(&self) -> Result<(), Problem> {
        self.client(BATCH_BYTES)?.create_native_config().map(|_| ()).map_err(|e| self.refused(&e))
    }

    pub(super) fn place(&self) -> String {
        format!("kafka topic {}", self.topic)
    }

    /// The properties for librdkafka, with batches of at most `batch_bytes_max`.
    pub(super) fn client(&self, batch_bytes_max: u32) -> Result<ClientConfig, Problem> {
        self.check_names()?;
        let mut config = ClientConfig::new();
        config
            .set_log_level(RDKafkaLogLevel::Error)
            .set("client.id", "scrubjay")
            .set("reconnect.backoff.max.ms", "2000")
            .set("batch.size", BATCH_BYTES.to_string());
        // Two names for one property: which of them wins is not defined when both are set.
        if !self.properties.iter().any(|(key, _)| key == "queue.buffering.max.ms") {
            config.set("linger.ms", "5");
        }
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        if config.get("batch.size").and_then(|size| size.parse::<u32>().ok()).is_some_and(|size| size > batch_bytes_max) {
            config.set("batch.size", batch_bytes_max.to_string());
        }
        config
            .set("bootstrap.servers", &self.brokers)
            .set("compression.type", &self.compression)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "0")
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", REQUEST_BYTES_MAX.to_string())
            .set("queue.buffering.max.kbytes", QUEUE_KBYTES_MAX.to_string())
            .set("allow.auto.create.topics", "false");
        Ok(config)
    }

    /// The properties for a client that only asks the broker a question.
    pub(super) fn admin(&self) -> Result<ClientConfig, Problem> {
        let mut config = self.client(BATCH_BYTES)?;
        config.remove("enable.idempotence");
        Ok(config)
    }

    fn check_names(&self) -> Result<(), Problem> {
        let problem = |what: String, remedy: &str| Err(Problem::new(format!("kafka sink {}", self.name), what, remedy));
        for (value, name) in [(&self.brokers, "brokers"), (&self.topic, "topic")] {
            if value.trim().is_empty() || value.contains('\0') {
                return problem(format!("`{name}` is empty or not a name"), "give it a value");
            }
        }
        if !COMPRESSIONS.contains(&self.compression.as_str()) {
            return problem("`compression` is not known".to_owned(), "use none, lz4, zstd, gzip or snappy");
        }
        if self.message_bytes_max == 0 {
            return problem("`message_bytes_max` is 0".to_owned(), "leave it out, or give a number of bytes");
        }
        for (key, _) in &self.properties {
            // librdkafka takes `topic.acks` for `acks` in places.
            let bare = key.strip_prefix("topic.").unwrap_or(key);
            let refused = |name: &str| bare == name || key == name || (name.ends_with('.') && bare.starts_with(name));
            if let Some((_, why)) = REFUSED.iter().find(|(name, _)| refused(name)) {
                return problem(format!("the property `{}` cannot be set", plain(key)), why);
            }
        }
        Ok(())
    }

    /// A refusal by librdkafka, without the value: it may be a password.
    pub(super) fn refused(&self, error: &KafkaError) -> Problem {
        let what = match error {
            KafkaError::ClientConfig(_, _, key, _) => format!("the client refuses the property `{}`", plain(key)),
            // librdkafka's text may repeat a value.
            _ => "the client refuses the properties".to_owned(),
        };
        Problem::new(format!("kafka sink {}", self.name), what, "see librdkafka's CONFIGURATION.md")
    }
}

/// Text for a person, without control characters and not long.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> KafkaSinkConfig {
        KafkaSinkConfig::new("out", "127.0.0.1:1", "t")
    }

    #[test]
    fn what_breaks_delivery_is_refused() {
        assert_eq!(config().check(), Ok(()));
        for (key, _) in REFUSED {
            let key = if key.ends_with('.') { format!("{key}x") } else { (*key).to_owned() };
            for key in [key.clone(), format!("topic.{key}")] {
                let config = KafkaSinkConfig { properties: vec![(key.clone(), "1".into())], ..config() };
                assert!(config.check().unwrap_err().what.contains(&key));
            }
        }
    }

    #[test]
    fn a_refused_value_is_not_shown() {
        for key in ["no.such.property", "socket.timeout.ms", "security.protocol", "no.such\0property"] {
            let config = KafkaSinkConfig { properties: vec![(key.into(), "hunter2".into())], ..config() };
            assert!(!config.check().unwrap_err().to_string().contains("hunter2"));
        }
    }

    #[test]
    fn settings_without_sense_are_refused() {
        assert!(KafkaSinkConfig { topic: String::new(), ..config() }.check().is_err());
        assert!(KafkaSinkConfig { topic: "a\0b".into(), ..config() }.check().is_err());
        assert!(KafkaSinkConfig { brokers: " ".into(), ..config() }.check().is_err());
        assert!(KafkaSinkConfig { compression: "brotli".into(), ..config() }.check().is_err());
        assert!(KafkaSinkConfig { message_bytes_max: 0, ..config() }.check().is_err());
        for compression in COMPRESSIONS {
            assert_eq!(KafkaSinkConfig { compression: (*compression).into(), ..config() }.check(), Ok(()));
        }
    }

    #[test]
    fn batches_are_no_larger_than_the_topic_takes() {
        let size = |config: &KafkaSinkConfig, most| config.client(most).unwrap().get("batch.size").unwrap().to_owned();
        let user = KafkaSinkConfig { properties: vec![("batch.size".into(), "5000".into())], ..config() };
        assert_eq!((size(&config(), 9000), size(&user, 9000), size(&user, 4000)), ("9000".into(), "5000".into(), "4000".into()));
    }
}
