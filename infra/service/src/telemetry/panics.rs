//! Panics: logged by their place. A panic's message may quote the value that caused it, so it goes nowhere.

use std::panic::{Location, PanicHookInfo};

use crate::program::say;

/// From here on a panic of any thread is one line with its place in the source, and waits for nobody who reads it.
pub(crate) fn log_places_only() {
    std::panic::set_hook(Box::new(log));
}

fn log(info: &PanicHookInfo<'_>) {
    let words = words(info.location());
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("{words}");
    } else {
        say(&words);
    }
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
