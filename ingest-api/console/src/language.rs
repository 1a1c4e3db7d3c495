//! In which language somebody reads the console: what the address says, else what was chosen before, else what the
//! browser asks for, else Indonesian.

use crate::words::words;

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Bahasa Indonesia.
    Indonesian,
    /// English.
    English,
}

impl Language {
    /// Both, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Indonesian, Self::English];

    /// Its subtag (BCP 47), in addresses, cookies and pages.
    pub fn code(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::English => "en",
        }
    }

    /// What its readers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::Indonesian => "Bahasa Indonesia",
            Self::English => "English",
        }
    }

    /// The language of that subtag.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// The language that is read, from those three, each as it was sent. What is not one of ours counts as not sent.
    pub fn choose(query: Option<&str>, cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        let chosen = query.and_then(Self::parse).or_else(|| cookie.and_then(Self::parse));
        chosen.or_else(|| accept_language.and_then(Self::accepted)).unwrap_or(Self::Indonesian)
    }

    /// The one of ours with the highest quality in an `Accept-Language` (RFC 9110 §12.5.4); of equals the first.
    fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(Self, u32)> = None;
        for range in header.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let primary = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
            // `in` is what Indonesian was called before 1989, and what old Java clients still send.
            let primary = if primary.eq_ignore_ascii_case("in") { "id" } else { primary };
            let Some(language) = Self::parse(primary) else { continue };
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
            if quality > 0 && best.is_none_or(|(_, before)| quality > before) {
                best = Some((language, quality));
            }
        }
        best.map(|(language, _)| language)
    }
}

/// `0.8` as 800; what is no quality is none.
fn thousandths(quality: &str) -> u32 {
    let value = quality.trim().parse::<f32>().unwrap_or(0.0);
    if (0.0..=1.0).contains(&value) { (value * 1_000.0) as u32 } else { 0 }
}

words! {
    /// What the choice is called.
    LanguageWords {
        choice: "Language", "Bahasa";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_counts_before_the_cookie_before_the_browser() {
        use Language::{English, Indonesian};
        for (query, cookie, header, language) in [
            (None, None, None, Indonesian),
            (None, None, Some("en-GB,en;q=0.9,id;q=0.8"), English),
            (None, None, Some("id-ID,id;q=0.9,en;q=0.8"), Indonesian),
            (None, None, Some("en;q=0.5, id;q=0.7"), Indonesian),
            (None, None, Some("in-ID, en;q=0.9"), Indonesian),
            (None, None, Some("fr, en;q=0"), Indonesian),
            (None, None, Some("de, en;q=0.1"), English),
            (None, None, Some("en;q=x, id;q=0.1"), Indonesian),
            (None, None, Some("<script>, ,;;,"), Indonesian),
            (None, Some("en"), Some("id"), English),
            (Some("id"), Some("en"), Some("en"), Indonesian),
            (Some("<b>"), Some("en"), Some("id"), English),
            (Some("EN"), None, None, English),
            (Some(""), Some("xx"), Some("en"), English),
        ] {
            assert_eq!(Language::choose(query, cookie, header), language, "{query:?} {cookie:?} {header:?}");
        }
    }
}
