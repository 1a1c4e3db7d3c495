//! Panics: logged by their place. A panic's message may quote the value that caused it, so it goes nowhere.

use std::panic::{Location, PanicHookInfo};

/// From here on a panic of any thread is one log line with its place in the source.
pub(super) fn log_places_only() {
    std::panic::set_hook(Box::new(log));
}

fn log(info: &PanicHookInfo<'_>) {
    tracing::error!("{}", words(info.location()));
}

fn words(place: Option<&Location<'_>>) -> String {
    match place {
        Some(place) => format!("panicked at {}:{}", place.file(), place.line()),
        None => "panicked".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_is_said() {
        let here = Location::caller();
        assert_eq!(words(Some(here)), format!("panicked at {}:{}", file!(), here.line()));
    }
}
