//! The five topics: created if they are missing, and checked against the contract (§5). Not here: growing or changing
//! a topic, which only an operator does.

use std::time::{Duration, Instant};

use domain::ports::{Retention, Topic};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::context::ClientEvents;
use crate::error::{KafkaOpenError, words};
use crate::limits::{MESSAGE_BYTES_MAX, TOPIC_LOOK_EVERY};
use crate::log::LogShared;
use crate::raw::TopicState;

/// A setting that every topic has a value of.
const ALWAYS_SET: &str = "cleanup.policy";

/// What a topic's configuration must say, by Kafka's names.
fn wanted(shared: &LogShared, topic: Topic) -> Vec<(&'static str, String)> {
    let options = &shared.options;
    let day_ms = 24 * 60 * 60 * 1000_u64;
    let mut wanted = match topic.retention() {
        Retention::Forever => vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", "-1".to_owned()),
            ("retention.bytes", "-1".to_owned()),
        ],
        Retention::Days(days) => vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", (u64::from(days) * day_ms).to_string()),
            ("retention.bytes", "-1".to_owned()),
        ],
        Retention::LatestPerKey => vec![("cleanup.policy", "compact".to_owned())],
    };
    wanted.extend([
        ("message.timestamp.type", "LogAppendTime".to_owned()),
        ("max.message.bytes", MESSAGE_BYTES_MAX.to_string()),
        ("min.insync.replicas", options.min_insync_replicas.to_string()),
        ("unclean.leader.election.enable", "false".to_owned()),
    ]);
    wanted.extend(options.flush_messages.map(|messages| ("flush.messages", messages.to_string())));
    wanted
}

/// Creates the missing topics and checks all of them; returns their state.
pub(crate) async fn ensure(shared: &LogShared) -> Result<Vec<(Topic, TopicState)>, KafkaOpenError> {
    let mut missing = Vec::new();
    for topic in Topic::ALL {
        let name = shared.options.topic_name(topic);
        match shared.query.describe_or_code(&name).await {
            Ok(_) => {}
            Err(RDKafkaErrorCode::UnknownTopicOrPartition) => missing.push(topic),
            Err(code) => return Err(failed(shared, &name, code)),
        }
    }
    let admin: AdminClient<ClientEvents> = shared
        .options
        .for_questions()
        .create_with_context(ClientEvents::new("admin"))
        .map_err(|error| KafkaOpenError::Options(words(&error)))?;
    let within = AdminOptions::new()
        .request_timeout(Some(shared.options.timeouts.request))
        .operation_timeout(Some(shared.options.timeouts.request));
    let made = make(shared, &admin, &within, &missing).await;
    let checked = match made {
        Ok(()) => check_all(shared, &admin, &within).await,
        Err(error) => Err(error),
    };
    // Dropping it waits for its thread.
    let _ = tokio::task::spawn_blocking(move || drop(admin)).await;
    checked
}

async fn make(
    shared: &LogShared,
    admin: &AdminClient<ClientEvents>,
    within: &AdminOptions,
    missing: &[Topic],
) -> Result<(), KafkaOpenError> {
    let options = &shared.options;
    let settings: Vec<_> = missing.iter().map(|t| (options.topic_name(*t), wanted(shared, *t))).collect();
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .zip(&settings)
        .map(|(topic, (name, settings))| {
            let partitions = options.partitions.of(*topic) as i32;
            let replicas = TopicReplication::Fixed(options.replication_factor as i32);
            let new = NewTopic::new(name, partitions, replicas);
            settings.iter().fold(new, |new, (setting, value)| new.set(setting, value))
        })
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let answers = admin.create_topics(&new, within).await;
    let answers = answers.map_err(|error| refused(shared, "*", &error))?;
    for answer in answers {
        match answer {
            // Another instance created it first; it is checked like the rest.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(failed(shared, &name, code)),
        }
    }
    Ok(())
}

async fn check_all(
    shared: &LogShared,
    admin: &AdminClient<ClientEvents>,
    within: &AdminOptions,
) -> Result<Vec<(Topic, TopicState)>, KafkaOpenError> {
    let mut found = Vec::new();
    for topic in Topic::ALL {
        let name = shared.options.topic_name(topic);
        let described = known(shared, &name).await?;
        check(shared, topic, &name, described, &configured(shared, admin, within, &name).await?)?;
        found.push((topic, described));
    }
    Ok(found)
}

/// The state of a topic that exists; one that was just created may not be known to every broker yet.
async fn known(shared: &LogShared, name: &str) -> Result<TopicState, KafkaOpenError> {
    let deadline = Instant::now() + shared.options.timeouts.request.max(Duration::from_secs(1));
    loop {
        match shared.query.describe_or_code(name).await {
            Ok(described) => return Ok(described),
            Err(code) if Instant::now() >= deadline => return Err(failed(shared, name, code)),
            Err(_) => tokio::time::sleep(TOPIC_LOOK_EVERY).await,
        }
    }
}

/// The configuration of a topic that exists. A broker that has not heard of a topic yet, a moment after another one
/// created it, answers with an error or with no setting at all: that is no configuration to be held to.
async fn configured(
    shared: &LogShared,
    admin: &AdminClient<ClientEvents>,
    within: &AdminOptions,
    name: &str,
) -> Result<ConfigResource, KafkaOpenError> {
    let deadline = Instant::now() + shared.options.timeouts.request.max(Duration::from_secs(1));
    loop {
        let answers = admin.describe_configs([&ResourceSpecifier::Topic(name)], within).await;
        let answers = answers.map_err(|error| refused(shared, name, &error))?;
        let code = match answers.into_iter().next() {
            Some(Ok(config)) if config.get(ALWAYS_SET).is_some_and(|entry| entry.value.is_some()) => {
                return Ok(config);
            }
            Some(Err(code)) => code,
            Some(Ok(_)) => RDKafkaErrorCode::UnknownTopicOrPartition,
            None => RDKafkaErrorCode::Fail,
        };
        if Instant::now() >= deadline {
            return Err(failed(shared, name, code));
        }
        tokio::time::sleep(TOPIC_LOOK_EVERY).await;
    }
}

fn check(
    shared: &LogShared,
    topic: Topic,
    name: &str,
    described: TopicState,
    config: &ConfigResource,
) -> Result<(), KafkaOpenError> {
    let options = &shared.options;
    let mut pairs = vec![
        ("partitions", options.partitions.of(topic).to_string(), described.partitions.to_string()),
        ("replication factor", options.replication_factor.to_string(), described.replicas.to_string()),
    ];
    for (setting, value) in wanted(shared, topic) {
        let found = config.get(setting).and_then(|entry| entry.value.clone());
        pairs.push((setting, value, found.unwrap_or_else(|| "nothing".to_owned())));
    }
    for (setting, wanted, found) in pairs {
        if wanted != found {
            return Err(KafkaOpenError::TopicMismatch {
                topic: name.to_owned(),
                setting: setting.to_owned(),
                wanted,
                found,
            });
        }
    }
    Ok(())
}

/// The error of a request to the admin client.
fn refused(shared: &LogShared, name: &str, error: &KafkaError) -> KafkaOpenError {
    match error {
        KafkaError::AdminOp(code) => failed(shared, name, *code),
        error => KafkaOpenError::Topic { topic: name.to_owned(), why: words(error) },
    }
}

fn failed(shared: &LogShared, name: &str, code: RDKafkaErrorCode) -> KafkaOpenError {
    use RDKafkaErrorCode as Code;
    let why = match shared.query.events().trouble_text() {
        Some(trouble) => format!("{code} ({trouble})"),
        None => code.to_string(),
    };
    match code {
        Code::OperationTimedOut
        | Code::BrokerTransportFailure
        | Code::AllBrokersDown
        | Code::RequestTimedOut => {
            KafkaOpenError::Unreachable { brokers: shared.options.brokers.clone(), why }
        }
        _ => KafkaOpenError::Topic { topic: name.to_owned(), why },
    }
}
