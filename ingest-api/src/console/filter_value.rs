//! One value of a list's address: nothing where it was sent empty, as a form sends what nobody filled in.

/// Takes it up, or notes what is wrong with it.
pub(super) fn filter_value<T, P>(
    text: &str,
    problem: P,
    problems: &mut Vec<P>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let parsed = parse(text);
    if parsed.is_none() {
        problems.push(problem);
    }
    parsed
}
