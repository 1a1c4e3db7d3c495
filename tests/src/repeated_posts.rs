//! One write sent again and again, from many connections at once.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::client::{Answer, Api, VERDICT};

const CONNECTIONS: usize = 16;
const POSTS: usize = 100;

/// A hundred posts of one verdict with one key over sixteen connections, in turn to each of the instances: all have
/// one answer, which is the first for one of them.
pub async fn a_hundred_posts_with_one_key(instances: &[Api], key: &'static str, body: &Value) -> Value {
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (api, body) = (instances[connection % instances.len()].kept_open(), body.clone());
        tasks.spawn(async move {
            let mut answers = Vec::new();
            for _ in (connection..POSTS).step_by(CONNECTIONS) {
                let headers = [("idempotency-key", key), ("prefer", "wait=10")];
                answers.push(api.post(VERDICT, &headers, &body).await);
            }
            answers
        });
    }
    let answers: Vec<Answer> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(answers.len(), POSTS);
    let bodies: BTreeSet<String> = answers.iter().map(|answer| answer.expect(200).to_string()).collect();
    assert_eq!(bodies.len(), 1, "more than one answer: {bodies:?}");
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1, "one answer is the first");
    answers[0].json()
}

/// Whether an answer says that it was given before.
pub fn replayed(answer: &Answer) -> bool {
    match answer.header("idempotency-replayed") {
        None => false,
        Some(word) => {
            assert_eq!(word, "true", "{answer:?}");
            true
        }
    }
}
