//! What every request and every answer passes, whichever endpoint it is for: the connection, limits, who calls,
//! bodies, errors, the access log. What an endpoint does with a request is in `endpoints` and `reading`.

pub mod access_log;
pub mod admission;
pub mod answer_pieces;
pub mod auth;
pub mod body;
pub mod connection;
pub mod errors;
pub mod json;
pub mod json_array;
pub mod logged_objects;
pub mod query;
pub mod rate_limit;
pub mod request_id;
pub mod server;
pub mod socket;
pub mod wiped_body;
