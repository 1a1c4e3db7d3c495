//! How a page has its words in both languages: a struct of them, once in each. A word that is missing in one does not
//! compile; one that is the same in both without saying so fails a test.

/// A struct of words, `of(language)` of it, and its test. One in a module:
///
/// ```text
/// words! {
///     /// Words of a page.
///     ThingWords {
///         title: "Customers", "Nasabah";
///         status: "Status", "Status" same;
///     }
/// }
/// ```
macro_rules! words {
    ($(#[$doc:meta])* $name:ident {
        $($field:ident: $english:literal, $indonesian:literal $($same:ident)?;)+
    }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name {
            $(pub(crate) $field: &'static str,)+
        }

        impl $name {
            const ENGLISH: Self = Self { $($field: $english,)+ };
            const INDONESIAN: Self = Self { $($field: $indonesian,)+ };

            /// In that language.
            pub(crate) fn of(language: $crate::Language) -> &'static Self {
                match language {
                    $crate::Language::English => &Self::ENGLISH,
                    $crate::Language::Indonesian => &Self::INDONESIAN,
                }
            }
        }

        #[cfg(test)]
        mod words_tests {
            #[test]
            fn every_word_is_said_in_both_languages() {
                for (field, english, indonesian, mark) in [
                    $((stringify!($field), $english, $indonesian, concat!("" $(, stringify!($same))?)),)+
                ] {
                    assert!(!english.trim().is_empty() && !indonesian.trim().is_empty(), "{field}");
                    assert!(matches!(mark, "" | "same"), "{field}: what is `{mark}`?");
                    assert_eq!(english == indonesian, mark == "same", "{field}: {english}");
                }
            }
        }
    };
}

pub(crate) use words;
