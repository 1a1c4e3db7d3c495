//! `docs/events.md` says what the schemas say.

#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md");
    let page = event_codec::docs::events_page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/events.md can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/events.md is not what the schemas say: UPDATE_DOCS=1 cargo test -p event-codec --test docs"
    );
}

#[test]
fn the_page_has_every_record_and_every_shared_part() {
    let page = event_codec::docs::events_page();
    for entry in event_codec::registry::entries() {
        assert!(page.contains(&format!("\n### {}\n", entry.schema.name())), "{}", entry.subject);
    }
    for line in page.lines().filter(|line| line.contains("](#")) {
        let name = line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).expect("a link").0;
        assert!(page.contains(&format!("\n### {name}\n")), "{name} is linked and not there");
    }
}
