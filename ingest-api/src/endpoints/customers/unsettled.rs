//! A registration that is not ours and stands where ours wants to: it has our external id, or our name. What
//! became of it decides what we answer, and while that is not known nobody is told anything of it
//! (docs/decisions/0018-unsettled-registrations.md).

use std::borrow::Cow;
use std::time::Instant;

use domain::event::{Offset, Partition, TopicId};
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::ports::{Claimed, KeyRowState, PendingStep, Topic, partition_of};
use domain::time::Timestamp;
use vault::CustomerKeys;

use super::{ROUTE, RegistrationWrite};
use crate::limits::{OTHER_REGISTRATION_WAIT, REGISTRATION_NAMES_MAX, ROW_POLL};
use crate::serving::errors::ApiError;
use crate::writes::write_name::WriteName;

/// What a registration is called.
#[derive(Debug, Clone)]
pub(super) struct RegistrationNames {
    /// Its customer.
    pub(super) customer: CustomerRef,
    /// Its event.
    pub(super) event_id: EventId,
}

/// What stands under our name.
pub(super) enum NameStanding {
    /// Nothing.
    Free(RegistrationNames),
    /// This registration: it was begun before.
    Ours(CustomerKeys),
    /// Another registration: it found our external id claimed for a customer without keys, and made them.
    Other(CustomerKeys),
}

/// What came of claiming an external id.
pub(super) enum ClaimStanding {
    /// It is ours.
    Ours,
    /// A registration broke off before it had keys: its customer is ours to make.
    WithoutKeys(CustomerRef),
    /// This very registration, or one that broke off and is ours to go on with: its keys.
    Resumable(Box<CustomerKeys>),
    /// Another registration had it and gave it up: it is free again.
    Abandoned,
}

/// What became of another registration; that it is there is an error, 409.
pub(super) enum SettledRegistration {
    /// It broke off, has our body and no key to answer to: ours to go on with.
    Resumable(Box<CustomerKeys>),
    /// Its event is not in the log: it was given up, and its external id is free.
    Abandoned,
}

/// A place that the projection must have passed to show everything that was in the log before.
#[derive(Debug, Clone, Copy)]
struct LogEnd {
    topic_id: TopicId,
    partition: Partition,
    end: Offset,
}

impl RegistrationWrite<'_> {
    pub(super) fn is_keyed(&self) -> bool {
        self.submission().idempotency_key.is_some()
    }

    /// Our name, and what stands there. With an `Idempotency-Key` it follows from the key; a name whose
    /// registration was abandoned is followed by the next.
    pub(super) async fn names(&self) -> Result<NameStanding, ApiError> {
        for number in 0..REGISTRATION_NAMES_MAX {
            let names = self.name(number);
            if !self.is_keyed() {
                return Ok(NameStanding::Free(names));
            }
            let keys = self.app().vault.customer_keys(&names.customer, self.caller().org().suite).await?;
            let Some(keys) = keys else { return Ok(NameStanding::Free(names)) };
            if keys.row().registration_event_id != names.event_id {
                if keys.state() == KeyRowState::Abandoned {
                    // Another registration took the name up and was given up: it is nobody's for ever.
                    continue;
                }
                return Ok(NameStanding::Other(keys));
            }
            if keys.state() != KeyRowState::Abandoned {
                return Ok(NameStanding::Ours(keys));
            }
            if !self.is_same_body(&keys)? {
                return Err(ApiError::KeyReused);
            }
        }
        Err(ApiError::Unavailable("a registration was given up again and again under one key".into()))
    }

    /// A key is visible ASCII, so no other key comes to the name of a later number.
    fn name(&self, number: u32) -> RegistrationNames {
        let name = match self.submission().idempotency_key.as_deref() {
            None => WriteName::Random,
            Some(key) => {
                let key = match number {
                    0 => Cow::Borrowed(key),
                    number => Cow::Owned(format!("{key}\n{number}")),
                };
                WriteName::Keyed { ids: &self.caller().entry.ids, route: ROUTE, customer: None, key }
            }
        };
        let customer = self.0.context.customer(CustomerId::from_bytes(name.id_bytes(CustomerId::PREFIX)));
        self.0.context.is_about(&customer);
        RegistrationNames { customer, event_id: EventId::from_bytes(name.id_bytes(EventId::PREFIX)) }
    }

    /// Claims the external id.
    pub(super) async fn claim(
        &self,
        hmac: [u8; 32],
        names: &RegistrationNames,
    ) -> Result<ClaimStanding, ApiError> {
        let ours = &names.customer;
        let other = match self.app().external_ids.claim(&ours.org, hmac, &ours.customer).await? {
            Claimed::Ours => return Ok(ClaimStanding::Ours),
            Claimed::Taken(other) => self.0.context.customer(other),
        };
        self.0.context.is_about(&other);
        let Some(keys) = self.app().vault.customer_keys(&other, self.caller().org().suite).await? else {
            return Ok(ClaimStanding::WithoutKeys(other));
        };
        if keys.row().registration_event_id == names.event_id && keys.state() != KeyRowState::Abandoned {
            return Ok(ClaimStanding::Resumable(Box::new(keys)));
        }
        Ok(match self.settle(keys, hmac).await? {
            SettledRegistration::Resumable(keys) => ClaimStanding::Resumable(keys),
            SettledRegistration::Abandoned => ClaimStanding::Abandoned,
        })
    }

    /// Waits until it is known what became of a registration that is not ours.
    ///
    /// # Errors
    /// [`ApiError::ExternalIdTaken`] when it is in the log; [`ApiError::Unavailable`] while that is not known.
    pub(super) async fn settle(
        &self,
        keys: CustomerKeys,
        hmac: [u8; 32],
    ) -> Result<SettledRegistration, ApiError> {
        let mut keys = keys;
        let customer = keys.customer().clone();
        let deadline = self.0.context.received + self.0.context.wait.max(OTHER_REGISTRATION_WAIT);
        let mut log_end: Option<(Timestamp, LogEnd)> = None;
        let mut backoff = ROW_POLL.start();
        loop {
            let gave_way = match keys.state() {
                // Claimed by a registration whose key was used with another body, and which ended there.
                _ if keys.row().external_id_hmac != Some(hmac) => true,
                KeyRowState::Active => return Err(ApiError::ExternalIdTaken(customer.customer)),
                KeyRowState::Abandoned => true,
                KeyRowState::Pending { attempt_until } => {
                    if self.is_projected(&customer).await? {
                        self.app().vault.activate(&customer).await?;
                    } else if self.app().now() >= attempt_until {
                        if !self.is_keyed() && self.is_same_body(&keys)? {
                            return Ok(SettledRegistration::Resumable(Box::new(keys)));
                        }
                        let end = match log_end {
                            Some((of, end)) if of == attempt_until => end,
                            _ => self.log_end(&customer).await?,
                        };
                        log_end = Some((attempt_until, end));
                        // In this order: once the end is passed, a registration before it is shown.
                        if self.is_passed(end).await? && !self.is_projected(&customer).await? {
                            let step = PendingStep::Abandon;
                            self.app().vault.advance_pending(&customer, attempt_until, step).await?;
                        }
                    }
                    false
                }
            };
            if gave_way {
                self.app().external_ids.release(&customer.org, hmac, &customer.customer).await?;
                return Ok(SettledRegistration::Abandoned);
            }
            let before = keys.state();
            let read = self.app().vault.customer_keys(&customer, self.caller().org().suite).await?;
            keys = read.ok_or_else(|| ApiError::Internal("a key row is gone".into()))?;
            if keys.state() == before {
                if Instant::now() >= deadline {
                    let why =
                        "another registration has this external id, and it is not known to be in the log";
                    return Err(ApiError::Unavailable(why.into()));
                }
                tokio::time::sleep(backoff.next_pause()).await;
            }
        }
    }

    /// Whether the read model has anything of the customer, be it a quarantine.
    async fn is_projected(&self, customer: &CustomerRef) -> Result<bool, ApiError> {
        let generation = self.app().generation().await?;
        Ok(self.app().views.customer(generation, customer).await?.is_some())
    }

    /// Where the customer's partition ends now.
    async fn log_end(&self, customer: &CustomerRef) -> Result<LogEnd, ApiError> {
        let described = self.app().log.describe(Topic::Events).await?;
        let partition = partition_of(customer.record_key().as_bytes(), described.partitions);
        let ranges = self.app().log.offsets(Topic::Events).await?;
        let range = ranges.into_iter().find(|range| range.partition == partition);
        let end = range.ok_or_else(|| ApiError::Internal("a partition without an end".into()))?.end;
        Ok(LogEnd { topic_id: described.id, partition, end })
    }

    /// Whether the generation that answers has taken in everything before that place.
    async fn is_passed(&self, at: LogEnd) -> Result<bool, ApiError> {
        let generation = self.app().generation().await?;
        let positions = self.app().inspection.positions(generation).await?;
        let ours = positions.iter().find(|row| row.topic_id == at.topic_id && row.partition == at.partition);
        Ok(ours.is_some_and(|row| {
            // What waits for a key stands before the position and is not in the rows.
            let is_held = row.held.iter().any(|held| held.org == self.caller().org().org);
            row.next >= at.end && !is_held
        }) || at.end == Offset(0))
    }
}
