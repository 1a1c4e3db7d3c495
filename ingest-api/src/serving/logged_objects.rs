//! The ids of what a request was about, for its line in the log: with it, what was read or written within the last minute
//! is known even of an instance that was killed before it wrote its record of reads. Ids of ours alone, never a value.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpMessage as _, HttpRequest};

use crate::limits::LOGGED_OBJECTS_MAX;

/// Ids, in the order in which they were met, each once. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct LoggedObjects(Arc<Mutex<Vec<String>>>);

impl LoggedObjects {
    /// The request's list, where its line will find it.
    pub fn of(req: &HttpRequest) -> Self {
        let mut extensions = req.extensions_mut();
        if let Some(there) = extensions.get::<Self>() {
            return there.clone();
        }
        let new = Self::default();
        extensions.insert(new.clone());
        new
    }

    /// One more; beyond [`LOGGED_OBJECTS_MAX`] it is left out.
    pub fn add(&self, id: &str) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < LOGGED_OBJECTS_MAX && !ids.iter().any(|there| there == id) {
            ids.push(id.to_owned());
        }
    }

    /// As they stand in the line: with spaces between.
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join(" ")
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_request_has_one_list_and_an_id_stands_in_it_once() {
        let request = TestRequest::default().to_http_request();
        LoggedObjects::of(&request).add("cus_1");
        let list = LoggedObjects::of(&request);
        list.add("ver_1");
        list.add("cus_1");
        assert_eq!(LoggedObjects::of(&request).text(), "cus_1 ver_1");
        (0..LOGGED_OBJECTS_MAX * 2).for_each(|number| list.add(&number.to_string()));
        assert_eq!(list.text().split(' ').count(), LOGGED_OBJECTS_MAX);
    }
}
