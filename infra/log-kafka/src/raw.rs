//! The only module with `unsafe`: what librdkafka offers and rdkafka does not. Topic ids (DescribeTopics), a
//! delivery's persistence status, headers whose names are no UTF-8, and, for tests, a fatal error.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

/// A topic as a broker describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TopicState {
    /// Its 16 bytes.
    pub(crate) id: [u8; 16],
    /// Their number.
    pub(crate) partitions: u32,
    /// The fewest replicas that a partition has.
    pub(crate) replicas: u32,
}

/// Frees what librdkafka allocated, however the function is left.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the pointer came from the constructor that this destructor belongs to, is not null, and
            // nobody else frees it: `Owned` is neither copied nor taken apart.
            unsafe { (self.1)(self.0) }
        }
    }
}

/// Asks that broker about a topic; blocks until it answers, at most `within`. The broker is named because
/// librdkafka otherwise asks the controller it last heard of, and while that is dead waits for it, dialling it
/// without a pause.
pub(crate) fn describe_topic<C: ClientContext>(
    client: &Client<C>,
    name: &str,
    broker: i32,
    within: Duration,
) -> Result<TopicState, RDKafkaErrorCode> {
    let name = CString::new(name).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
    let millis = i32::try_from(within.as_millis()).unwrap_or(i32::MAX);
    let rk = client.native_ptr();
    // SAFETY: `rk` lives as long as `client`. Each object is made by its constructor, checked for null where
    // librdkafka says that it can be, used on this thread only, and freed by `Owned` after its last use; the
    // queue outlives the event polled from it (declared before it, so dropped after it). `names` holds one
    // pointer to a C string that outlives the call, which copies it.
    unsafe {
        let queue = Owned(sys::rd_kafka_queue_new(rk), sys::rd_kafka_queue_destroy);
        let options = Owned(
            sys::rd_kafka_AdminOptions_new(rk, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS),
            sys::rd_kafka_AdminOptions_destroy,
        );
        let mut why = [0; 256];
        sys::rd_kafka_AdminOptions_set_request_timeout(options.0, millis, why.as_mut_ptr(), why.len());
        sys::rd_kafka_AdminOptions_set_broker(options.0, broker, why.as_mut_ptr(), why.len());
        let mut names = [name.as_ptr()];
        let topics = Owned(
            sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()),
            sys::rd_kafka_TopicCollection_destroy,
        );
        sys::rd_kafka_DescribeTopics(rk, topics.0, options.0, queue.0);
        let event = Owned(
            // A little longer than librdkafka's own timeout, so that its error is returned and not ours.
            sys::rd_kafka_queue_poll(queue.0, millis.saturating_add(1_000)),
            sys::rd_kafka_event_destroy,
        );
        if event.0.is_null() {
            return Err(RDKafkaErrorCode::OperationTimedOut);
        }
        check(sys::rd_kafka_event_error(event.0))?;
        first_topic(event.0)
    }
}

/// The one topic in an answer.
///
/// # Safety
/// `event` is a live event; what it points to is read before this returns.
unsafe fn first_topic(event: *mut sys::rd_kafka_event_t) -> Result<TopicState, RDKafkaErrorCode> {
    // SAFETY: the caller's event is live, and all these accessors return memory that it owns. Counts are those
    // librdkafka wrote, and indexes stay below them.
    unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if count == 0 || topics.is_null() {
            return Err(RDKafkaErrorCode::UnknownTopicOrPartition);
        }
        let topic = *topics;
        check(sys::rd_kafka_error_code(sys::rd_kafka_TopicDescription_error(topic)))?;
        let uuid = sys::rd_kafka_TopicDescription_topic_id(topic);
        if uuid.is_null() {
            return Err(RDKafkaErrorCode::UnsupportedVersion);
        }
        let mut id = [0; 16];
        id[..8].copy_from_slice(&sys::rd_kafka_Uuid_most_significant_bits(uuid).to_be_bytes());
        id[8..].copy_from_slice(&sys::rd_kafka_Uuid_least_significant_bits(uuid).to_be_bytes());
        let mut partitions = 0;
        let infos = sys::rd_kafka_TopicDescription_partitions(topic, &mut partitions);
        let mut fewest = usize::MAX;
        for at in 0..partitions {
            let mut replicas = 0;
            sys::rd_kafka_TopicPartitionInfo_replicas(*infos.add(at), &mut replicas);
            fewest = fewest.min(replicas);
        }
        if id == [0; 16] || partitions == 0 {
            // An answer from a broker that does not know the topic fully yet.
            return Err(RDKafkaErrorCode::LeaderNotAvailable);
        }
        Ok(TopicState { id, partitions: partitions as u32, replicas: fewest as u32 })
    }
}

fn check(code: RDKafkaRespErr) -> Result<(), RDKafkaErrorCode> {
    match RDKafkaErrorCode::from(code) {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(code),
    }
}

/// Whether librdkafka knows that a message was never written. False: it may have been.
pub(crate) fn is_certainly_not_written(message: &BorrowedMessage<'_>) -> bool {
    // SAFETY: the message borrows the event that owns it, so its pointer is live; the status is a plain field.
    let status = unsafe { sys::rd_kafka_message_status(message.ptr()) };
    status == sys::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
}

/// A message's headers in order. A name that is no UTF-8 is shown with replacement characters: rdkafka's own
/// accessor panics on it, and any client may write one.
pub(crate) fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, Bytes)> {
    let mut found = Vec::new();
    // SAFETY: the message is live while borrowed and owns the headers; each name is a C string and each value
    // `size` bytes within them (or null), copied before the borrow ends.
    unsafe {
        let mut list = ptr::null_mut();
        if check(sys::rd_kafka_message_headers(message.ptr(), &mut list)).is_err() || list.is_null() {
            return found;
        }
        for at in 0..sys::rd_kafka_header_cnt(list) {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            if check(sys::rd_kafka_header_get_all(list, at, &mut name, &mut value, &mut size)).is_err() {
                break;
            }
            let bytes = if value.is_null() {
                Bytes::new()
            } else {
                Bytes::copy_from_slice(std::slice::from_raw_parts(value.cast::<u8>(), size))
            };
            found.push((CStr::from_ptr(name).to_string_lossy().into_owned(), bytes));
        }
    }
    found
}

/// Raises a fatal error in a client.
#[cfg(test)]
pub(crate) fn raise_fatal_error<C: ClientContext>(client: &Client<C>) {
    // SAFETY: the client is live, and both arguments are copied by the call.
    unsafe {
        sys::rd_kafka_test_fatal_error(
            client.native_ptr(),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            c"raised by a test".as_ptr(),
        );
    }
}
