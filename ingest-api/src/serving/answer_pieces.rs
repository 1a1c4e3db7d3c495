//! The last thing between an answer and its connection, around every answer of both listeners: hands a large body
//! over in pieces, and tells the connection when the whole answer is made.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_http::{ConnectionType, Response};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use crate::limits::ANSWER_PIECE_BYTES;
use crate::serving::connection::Link;

/// An answer as its connection is given it.
pub fn hand_over(response: Response<BoxBody>, link: Option<Link>) -> Response<Handed> {
    let mut response = response.map_body(|_, body| Handed { body, rest: Bytes::new(), link });
    let is_ending = response.body().link.as_ref().is_some_and(Link::is_ending);
    if is_ending {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

/// An answer's body.
pub struct Handed {
    body: BoxBody,
    /// What is left of the last piece that the body gave: shared bytes, no copy.
    rest: Bytes,
    link: Option<Link>,
}

impl MessageBody for Handed {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(bytes)) => this.rest = bytes,
                other => return Poll::Ready(other),
            }
        }
        let piece = this.rest.len().min(ANSWER_PIECE_BYTES);
        Poll::Ready(Some(Ok(this.rest.split_to(piece))))
    }
}

impl Drop for Handed {
    /// The framework drops an answer's body when all of it is encoded and before it is flushed.
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.answer_is_made();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_is_handed_over_in_pieces_of_the_same_bytes() {
        let body = Bytes::from(vec![7; ANSWER_PIECE_BYTES * 2 + 1]);
        let start = body.as_ptr();
        let mut handed = Handed { body: BoxBody::new(body), rest: Bytes::new(), link: None };
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut pieces = Vec::new();
        while let Poll::Ready(Some(Ok(piece))) = Pin::new(&mut handed).poll_next(&mut cx) {
            pieces.push(piece);
        }
        let lengths: Vec<usize> = pieces.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [ANSWER_PIECE_BYTES, ANSWER_PIECE_BYTES, 1]);
        assert_eq!(pieces[1].as_ptr() as usize - start as usize, ANSWER_PIECE_BYTES, "nothing is copied");
    }
}
