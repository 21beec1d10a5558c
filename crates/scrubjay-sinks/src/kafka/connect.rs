//! Before the first record: is there a broker, is there the topic, what does it take.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer};
use scrubjay_pipeline::Problem;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::config::{BATCH_BYTES, KafkaSinkConfig};
use super::context::{Context, Quiet, Served};

/// One question to the broker. Short, so that a stop gets through.
const ASK_MAX: Duration = Duration::from_secs(2);
/// Wait between two questions.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// A topic that was created just now may be unknown to some brokers for this long.
const MISSING_MAX: Duration = Duration::from_secs(5);
/// What the topic takes is good to know, but not every user may ask.
const LIMIT_MAX: Duration = Duration::from_secs(5);
/// What a message needs beside its value: the batch's and the record's framing, our headers.
const FRAMING_BYTES: usize = 512;

/// A producer for a topic that exists.
pub(super) struct Connected {
    pub(super) served: Served,
    pub(super) partitions: i32,
    /// Longest value that fits into one message.
    pub(super) value_bytes_max: usize,
}

/// What the broker says of the topic.
enum Answer {
    Partitions(i32),
    Missing,
    Denied,
    NotAName,
    /// No answer, or one that is not final.
    Nothing,
}

pub(super) async fn connect(config: &KafkaSinkConfig) -> Result<Connected, Problem> {
    let served = producer(config, BATCH_BYTES)?;
    let partitions = partitions(config, &served).await?;
    let limit = topic_limit(config).await;
    let value_bytes_max = limit.map_or(usize::MAX, |limit| {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        limit.saturating_sub(FRAMING_BYTES).max(limit / 2).max(1)
    });
    // A batch larger than the topic takes is refused as a whole, however small its messages are.
    let served = match limit {
        Some(limit) if limit < BATCH_BYTES => producer(config, limit.max(1))?,
        _ => served,
    };
    served.producer.context().connected();
    Ok(Connected { served, partitions, value_bytes_max: value_bytes_max.min(config.message_bytes_max) })
}

fn producer(config: &KafkaSinkConfig, batch_bytes_max: u32) -> Result<Served, Problem> {
    let client = config.client(batch_bytes_max)?;
    let producer = BaseProducer::from_config_and_context(&client, Context::new(config.place())).map_err(|e| config.refused(&e))?;
    Served::start(producer)
        .map_err(|e| Problem::new(config.place(), format!("no thread for the client: {e}"), "raise the limit on threads"))
}

/// Number of partitions of the topic, once a broker tells.
async fn partitions(config: &KafkaSinkConfig, served: &Served) -> Result<i32, Problem> {
    let deadline = Instant::now() + config.connect_wait;
    let mut missing_since = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = ask(&served.producer, &config.topic, left.clamp(ASK_AGAIN, ASK_MAX)).await;
        let late = Instant::now() >= deadline;
        match answer {
            Answer::Partitions(count) => return Ok(count),
            Answer::Denied => return Err(denied(config)),
            Answer::NotAName => {
                return Err(Problem::new(config.place(), "is not a name for a topic", "use letters, digits, `.`, `_` and `-`"));
            }
            Answer::Missing => {
                let since = *missing_since.get_or_insert_with(Instant::now);
                if late || since.elapsed() >= MISSING_MAX {
                    return Err(missing(config));
                }
            }
            Answer::Nothing if served.producer.context().last_error() == Some(RDKafkaErrorCode::Authentication) => {
                return Err(Problem::new(
                    format!("kafka brokers {}", config.brokers),
                    "authentication failed",
                    "check `security.protocol` and the `sasl.` and `ssl.` properties",
                ));
            }
            Answer::Nothing if late => return Err(unreachable(config, served)),
            Answer::Nothing => {}
        }
        sleep(ASK_AGAIN).await;
    }
}

async fn ask(producer: &Arc<BaseProducer<Context>>, topic: &str, wait: Duration) -> Answer {
    let (producer, topic) = (Arc::clone(producer), topic.to_owned());
    spawn_blocking(move || answer(&producer, &topic, wait)).await.unwrap_or(Answer::Nothing)
}

fn answer(producer: &BaseProducer<Context>, topic: &str, wait: Duration) -> Answer {
    let code = match producer.client().fetch_metadata(Some(topic), wait) {
        Ok(metadata) => match metadata.topics().iter().find(|t| t.name() == topic) {
            Some(found) => match found.error() {
                None => {
                    let count = i32::try_from(found.partitions().len()).unwrap_or(i32::MAX);
                    return if count > 0 { Answer::Partitions(count) } else { Answer::Nothing };
                }
                Some(error) => RDKafkaErrorCode::from(error),
            },
            None => return Answer::Nothing,
        },
        Err(KafkaError::MetadataFetch(code)) => code,
        Err(_) => return Answer::Nothing,
    };
    match code {
        RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => Answer::Missing,
        RDKafkaErrorCode::TopicAuthorizationFailed => Answer::Denied,
        RDKafkaErrorCode::InvalidTopic => Answer::NotAName,
        _ => Answer::Nothing,
    }
}

/// The topic's `max.message.bytes`, where the broker tells. A user without the right to ask goes without.
async fn topic_limit(config: &KafkaSinkConfig) -> Option<u32> {
    let admin: AdminClient<Quiet> = AdminClient::from_config_and_context(&config.admin().ok()?, Quiet).ok()?;
    let limit = timeout(LIMIT_MAX, ask_limit(&admin, &config.topic)).await.ok().flatten();
    // Its thread is waited for.
    let _ = spawn_blocking(move || drop(admin)).await;
    limit
}

async fn ask_limit<C: ClientContext>(admin: &AdminClient<C>, topic: &str) -> Option<u32> {
    let options = AdminOptions::new().request_timeout(Some(LIMIT_MAX));
    let found = admin.describe_configs(&[ResourceSpecifier::Topic(topic)], &options).await.ok()?;
    found.into_iter().next()?.ok()?.get("max.message.bytes")?.value.as_ref()?.parse().ok()
}

fn missing(config: &KafkaSinkConfig) -> Problem {
    Problem::new(config.place(), "does not exist", "create it, or correct `topic`; scrubjay creates no topics")
}

fn unreachable(config: &KafkaSinkConfig, served: &Served) -> Problem {
    let why = match served.producer.context().last_error() {
        Some(RDKafkaErrorCode::Resolve) => ": a host name is not known",
        Some(RDKafkaErrorCode::SSL) => ": the TLS connection failed",
        _ => "",
    };
    Problem::new(
        format!("kafka brokers {}", config.brokers),
        format!("no broker has answered in {} s{why}", config.connect_wait.as_secs_f32().ceil()),
        "check `brokers`, the network and `security.protocol`",
    )
}

pub(super) fn denied(config: &KafkaSinkConfig) -> Problem {
    Problem::new(
        config.place(),
        "access is denied",
        "grant Describe and Write on the topic (and IdempotentWrite on the cluster before Kafka 2.8)",
    )
}
