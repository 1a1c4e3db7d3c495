//! Single flight: of writes of one name, and so of one event id, that come at the same time, this instance records the
//! first, and the others wait for its answer. Nothing here is needed for correctness across instances (the fold decides
//! there); it spares the log a hundred copies of a hundred-fold retry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::event::Fingerprint;
use domain::ids::EventId;
use tokio::sync::watch;

use super::answer::WriteAnswer;
use crate::serving::errors::ApiError;

/// What came of a flight; none while it is under way, or when its leader went away.
type FlightResult = Option<Result<WriteAnswer, ApiError>>;

#[derive(Debug, Clone)]
struct Flight {
    fingerprint: Fingerprint,
    result: watch::Receiver<FlightResult>,
}

/// All flights.
#[derive(Debug, Clone, Default)]
pub struct SingleFlight(Arc<Mutex<HashMap<EventId, Flight>>>);

/// What a caller is to do.
#[derive(Debug)]
pub enum FlightRole {
    /// Record the write, then [`FlightLeader::land`].
    Leader(FlightLeader),
    /// Repeat the first one's answer.
    Follower(Result<WriteAnswer, ApiError>),
    /// Nothing: another body has the name.
    OtherBody,
}

/// The first of its name. When it is dropped without an answer, the next one leads.
#[derive(Debug)]
pub struct FlightLeader {
    flights: SingleFlight,
    id: EventId,
    result: watch::Sender<FlightResult>,
}

impl SingleFlight {
    /// Joins the flight of that id, or starts it. Waits while another leads.
    pub async fn join(&self, id: &EventId, fingerprint: Fingerprint) -> FlightRole {
        loop {
            let flight = match self.enter(id, fingerprint) {
                Ok(leader) => return FlightRole::Leader(leader),
                Err(flight) => flight,
            };
            let mut result = flight.result;
            // An error means that the leader went away: then the result below is none.
            let _ = result.wait_for(Option::is_some).await;
            let result = result.borrow().clone();
            match result {
                Some(result) if flight.fingerprint == fingerprint => return FlightRole::Follower(result),
                Some(Ok(_)) => return FlightRole::OtherBody,
                // What was wrong with another body says nothing of this one.
                Some(Err(_)) => tokio::task::yield_now().await,
                None => {}
            }
        }
    }

    fn enter(&self, id: &EventId, fingerprint: Fingerprint) -> Result<FlightLeader, Flight> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(id) {
            return Err(flight.clone());
        }
        let (sender, result) = watch::channel(None);
        flights.insert(id.clone(), Flight { fingerprint, result });
        Ok(FlightLeader { flights: self.clone(), id: id.clone(), result: sender })
    }
}

impl FlightLeader {
    /// Ends the flight: whoever waited is given the answer.
    pub fn land(self, answer: &Result<WriteAnswer, ApiError>) {
        self.result.send_replace(Some(answer.clone()));
    }
}

impl Drop for FlightLeader {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;

    const OURS: Fingerprint = Fingerprint([1; 32]);
    const OTHER: Fingerprint = Fingerprint([2; 32]);

    fn id() -> EventId {
        EventId::from_bytes([7; 16])
    }

    fn answer() -> WriteAnswer {
        WriteAnswer::projected(StatusCode::OK, &"answer").expect("JSON")
    }

    async fn lead(flights: &SingleFlight) -> FlightLeader {
        match flights.join(&id(), OURS).await {
            FlightRole::Leader(leader) => leader,
            FlightRole::Follower(_) | FlightRole::OtherBody => panic!("nobody leads"),
        }
    }

    #[tokio::test]
    async fn the_second_repeats_what_the_first_says_and_another_body_is_refused() {
        let flights = SingleFlight::default();
        let leader = lead(&flights).await;
        let (same, other) = (flights.clone(), flights.clone());
        let same = tokio::spawn(async move { same.join(&id(), OURS).await });
        let other = tokio::spawn(async move { other.join(&id(), OTHER).await });
        // Each holds a receiver beside the map's own once it waits.
        while leader.result.receiver_count() < 3 {
            tokio::task::yield_now().await;
        }
        leader.land(&Ok(answer()));
        let FlightRole::Follower(repeated) = same.await.expect("no panic") else { panic!("repeats") };
        assert_eq!(repeated, Ok(answer()));
        assert!(matches!(other.await.expect("no panic"), FlightRole::OtherBody));
        drop(lead(&flights).await);
    }

    #[tokio::test]
    async fn what_was_wrong_with_another_body_is_not_told_to_this_one() {
        let flights = SingleFlight::default();
        let leader = lead(&flights).await;
        let second = flights.clone();
        let second = tokio::spawn(async move { second.join(&id(), OTHER).await });
        while leader.result.receiver_count() < 2 {
            tokio::task::yield_now().await;
        }
        leader.land(&Err(ApiError::KeyReused));
        assert!(matches!(second.await.expect("no panic"), FlightRole::Leader(_)));
    }

    #[tokio::test]
    async fn when_the_first_goes_away_the_second_leads() {
        let flights = SingleFlight::default();
        let leader = lead(&flights).await;
        let second = flights.clone();
        let second = tokio::spawn(async move { second.join(&id(), OTHER).await });
        while leader.result.receiver_count() < 2 {
            tokio::task::yield_now().await;
        }
        drop(leader);
        assert!(matches!(second.await.expect("no panic"), FlightRole::Leader(_)));
    }
}
