//! Verdicts in flight under an idempotency key on this instance: the first leads, others wait for what comes
//! of it. Nothing here is needed for correctness across instances (the fold decides there); it spares the log
//! a hundred copies of a hundred-fold retry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::event::Fingerprint;
use domain::ids::VerificationId;
use tokio::sync::watch;

use crate::endpoints::dukcapil_verdict::answer::Answer;
use crate::serving::errors::ApiError;

/// What came of a flight; none while it is in the air, or when its leader went away.
type Landed = Option<Result<Answer, ApiError>>;

#[derive(Debug, Clone)]
struct Flight {
    fingerprint: Fingerprint,
    landed: watch::Receiver<Landed>,
}

/// All flights.
#[derive(Debug, Clone, Default)]
pub struct Flights(Arc<Mutex<HashMap<VerificationId, Flight>>>);

/// What a caller is to do.
#[derive(Debug)]
pub enum Turn {
    /// Record the verdict, then [`Leader::land`].
    Lead(Leader),
    /// The first one's answer, repeated.
    Repeat(Result<Answer, ApiError>),
}

/// The first of its id. When it is dropped without an answer, the next one leads.
#[derive(Debug)]
pub struct Leader {
    flights: Flights,
    id: VerificationId,
    landed: watch::Sender<Landed>,
}

impl Flights {
    /// Joins the flight of that id, or starts it. Waits while another leads.
    pub async fn join(&self, id: &VerificationId, fingerprint: Fingerprint) -> Turn {
        loop {
            let flight = match self.enter(id, fingerprint) {
                Ok(leader) => return Turn::Lead(leader),
                Err(flight) => flight,
            };
            let mut landed = flight.landed;
            // An error means that the leader went away: then the answer below is none.
            let _ = landed.wait_for(Option::is_some).await;
            let outcome = landed.borrow().clone();
            match outcome {
                Some(Ok(_)) if flight.fingerprint != fingerprint => {
                    return Turn::Repeat(Err(ApiError::KeyReused));
                }
                Some(Ok(answer)) => return Turn::Repeat(Ok(answer.replayed())),
                Some(Err(error)) if flight.fingerprint == fingerprint => return Turn::Repeat(Err(error)),
                // What was wrong with another body says nothing of this one.
                Some(Err(_)) => tokio::task::yield_now().await,
                None => {}
            }
        }
    }

    fn enter(&self, id: &VerificationId, fingerprint: Fingerprint) -> Result<Leader, Flight> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(id) {
            return Err(flight.clone());
        }
        let (sender, landed) = watch::channel(None);
        flights.insert(id.clone(), Flight { fingerprint, landed });
        Ok(Leader { flights: self.clone(), id: id.clone(), landed: sender })
    }
}

impl Leader {
    /// Ends the flight: whoever waited hears the answer.
    pub fn land(self, answer: &Result<Answer, ApiError>) {
        self.landed.send_replace(Some(answer.clone()));
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::rows::VerificationStatus;

    const OURS: Fingerprint = Fingerprint([1; 32]);
    const OTHER: Fingerprint = Fingerprint([2; 32]);

    fn id() -> VerificationId {
        VerificationId::from_bytes([7; 16])
    }

    fn answer() -> Answer {
        Answer {
            verification: id(),
            status: VerificationStatus::Failed,
            score: None,
            enrolment: None,
            projected: true,
            replayed: false,
        }
    }

    async fn lead(flights: &Flights) -> Leader {
        match flights.join(&id(), OURS).await {
            Turn::Lead(leader) => leader,
            Turn::Repeat(_) => panic!("nobody leads"),
        }
    }

    #[tokio::test]
    async fn the_second_repeats_what_the_first_says_and_another_body_is_refused() {
        let flights = Flights::default();
        let leader = lead(&flights).await;
        let (same, other) = (flights.clone(), flights.clone());
        let same = tokio::spawn(async move { same.join(&id(), OURS).await });
        let other = tokio::spawn(async move { other.join(&id(), OTHER).await });
        // Each holds a receiver beside the map's own once it waits.
        while leader.landed.receiver_count() < 3 {
            tokio::task::yield_now().await;
        }
        leader.land(&Ok(answer()));
        let Turn::Repeat(Ok(repeated)) = same.await.expect("no panic") else { panic!("repeats") };
        assert!(repeated.replayed);
        let Turn::Repeat(Err(refused)) = other.await.expect("no panic") else { panic!("refused") };
        assert_eq!(refused, ApiError::KeyReused);
        drop(lead(&flights).await);
    }

    #[tokio::test]
    async fn what_was_wrong_with_another_body_is_not_told_to_this_one() {
        let flights = Flights::default();
        let leader = lead(&flights).await;
        let second = flights.clone();
        let second = tokio::spawn(async move { second.join(&id(), OTHER).await });
        while leader.landed.receiver_count() < 2 {
            tokio::task::yield_now().await;
        }
        leader.land(&Err(ApiError::KeyReused));
        assert!(matches!(second.await.expect("no panic"), Turn::Lead(_)));
    }

    #[tokio::test]
    async fn when_the_first_goes_away_the_second_leads() {
        let flights = Flights::default();
        let leader = lead(&flights).await;
        let second = flights.clone();
        let second = tokio::spawn(async move { second.join(&id(), OTHER).await });
        while leader.landed.receiver_count() < 2 {
            tokio::task::yield_now().await;
        }
        drop(leader);
        assert!(matches!(second.await.expect("no panic"), Turn::Lead(_)));
    }
}
