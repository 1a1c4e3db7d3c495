//! Whose reading counts and what follows from it, as tables.

use std::collections::BTreeMap;

use super::*;

const NIK: &str = "3171011708450001";
/// The same but for a digit of the serial number.
const OTHER: &str = "3171011708450002";

type Fields<'a> = &'a [(&'a str, &'a str)];

fn map(fields: Fields<'_>) -> BTreeMap<String, String> {
    fields.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned())).collect()
}

fn card(fields: Fields<'_>) -> CardText {
    ClientText::of(&map(fields)).card().clone()
}

fn outcome(server: Option<&[CardText]>, client: Fields<'_>, preferred: TextSource) -> KtpTextOutcome {
    let now = Timestamp::parse("2026-11-30T10:00:00Z").expect("a time");
    read_agreement(server, &ClientText::of(&map(client)), preferred, now)
}

#[test]
fn who_read_the_nik_and_whether_others_did_too() {
    use TextSource::{Client, Server};
    use VoterState::{Abstain, Fail, Pass};
    let nik = |digits| card(&[("nik", digits)]);
    let nothing = CardText::default;
    for (server, client, preferred, state, reason, source, counts) in [
        // Ours, from two frames.
        (Some(vec![nik(NIK), nik(NIK)]), None, Server, Pass, "frames_agree", Server, Some(NIK)),
        (Some(vec![nik(NIK), nik(NIK)]), Some(NIK), Server, Pass, "frames_agree", Server, Some(NIK)),
        (Some(vec![nik(NIK), nik(NIK)]), Some(NIK), Client, Pass, "frames_agree", Server, Some(NIK)),
        (Some(vec![nik(NIK), nik(NIK)]), Some(OTHER), Server, Fail, "nik_disagrees", Server, Some(NIK)),
        (Some(vec![nik(NIK), nik(NIK)]), Some(OTHER), Client, Fail, "nik_disagrees", Server, Some(NIK)),
        // A phone that could not read it does not contradict us.
        (
            Some(vec![nik(NIK), nik(NIK)]),
            Some("31710117O845"),
            Server,
            Pass,
            "frames_agree",
            Server,
            Some(NIK),
        ),
        // Ours, not surely.
        (Some(vec![nik(NIK), nothing()]), Some(NIK), Server, Abstain, "unreadable", Server, None),
        (Some(vec![nik(NIK)]), Some(NIK), Server, Abstain, "unreadable", Server, None),
        (Some(vec![nik(NIK), nik(OTHER)]), Some(NIK), Server, Abstain, "frames_disagree", Server, None),
        (Some(vec![]), Some(NIK), Server, Abstain, "unreadable", Server, None),
        (None, Some(NIK), Server, Abstain, "no_reader", Server, None),
        // The phone's word, where the org takes it.
        (None, Some(NIK), Client, Pass, "client_text", Client, Some(NIK)),
        (None, None, Client, Abstain, "no_client_text", Client, None),
        (None, Some("317101"), Client, Abstain, "no_client_text", Client, None),
        (Some(vec![nothing(), nothing()]), Some(NIK), Client, Pass, "client_text", Client, Some(NIK)),
        (Some(vec![nik(NIK), nothing()]), Some(NIK), Client, Pass, "client_text", Client, Some(NIK)),
        (Some(vec![nik(OTHER), nik(NIK)]), Some(NIK), Client, Pass, "client_text", Client, Some(NIK)),
        (Some(vec![nik(OTHER), nothing()]), Some(NIK), Client, Abstain, "nik_unsure", Client, Some(NIK)),
    ] {
        let claim = client.map(|digits| [("nik", digits)]);
        let found = outcome(server.as_deref(), claim.as_ref().map_or(&[], |claim| &claim[..]), preferred);
        let case = format!("{server:?} {client:?} {preferred:?}");
        assert_eq!((found.nik_read.name.as_str(), found.nik_read.state), (NIK_READ, state), "{case}");
        assert_eq!(found.nik_read.reason, reason, "{case}");
        assert_eq!(found.nik.as_ref().map(Nik::as_str), counts, "{case}");
        let agreement = found.agreement;
        assert!(agreement.as_ref().is_none_or(|agreement| agreement.source == source), "{case}");
        assert!(counts.is_none() || agreement.is_some(), "{case}");
    }
}

#[test]
fn the_nik_is_held_against_what_is_printed_beside_it() {
    use VoterState::{Abstain, Fail, Pass};
    let (right, wrong) = (("birthDate", "17-08-1945"), ("birthDate", "18-08-1945"));
    let (male, female) = (("sex", "LAKI-LAKI"), ("sex", "PEREMPUAN"));
    for (first, second, state, reason) in [
        (vec![("nik", NIK), right, male], vec![("nik", NIK), right, male], Pass, "consistent"),
        (vec![("nik", NIK)], vec![("nik", NIK)], Pass, "structure_only"),
        (vec![("nik", NIK), right], vec![("nik", NIK)], Pass, "consistent"),
        (vec![("nik", NIK), wrong], vec![("nik", NIK), wrong], Fail, "birth_date_disagrees"),
        (vec![("nik", NIK), right, female], vec![("nik", NIK), female], Fail, "sex_disagrees"),
        // What one frame alone reads otherwise is its mistake until another says so too.
        (vec![("nik", NIK), wrong], vec![("nik", NIK), right], Pass, "consistent"),
        (vec![("nik", NIK), wrong], vec![("nik", NIK)], Abstain, "birth_date_unsure"),
        (vec![("nik", NIK), female], vec![("nik", NIK), right], Abstain, "sex_unsure"),
        (
            vec![("nik", NIK), wrong],
            vec![("nik", NIK), ("birthDate", "19-08-1945")],
            Abstain,
            "birth_date_unsure",
        ),
        (vec![("nik", NIK), ("birthDate", "17-O8-1945")], vec![("nik", NIK)], Pass, "structure_only"),
        (vec![("nik", NIK), right], vec![], Abstain, "no_nik"),
        (vec![("nik", "3171991708450001"); 1], vec![("nik", "3171991708450001")], Pass, "nik_region_unknown"),
        (vec![("nik", "9971011708450001")], vec![("nik", "9971011708450001")], Fail, "nik_province_unknown"),
        (
            vec![("nik", "3171013202450001")],
            vec![("nik", "3171013202450001")],
            Fail,
            "nik_birth_date_impossible",
        ),
        (vec![("nik", "3171011708450000")], vec![("nik", "3171011708450000")], Fail, "nik_serial_zero"),
    ] {
        let frames = [card(&first), card(&second)];
        let found = outcome(Some(&frames), &[], TextSource::Server).nik_consistency;
        let wanted = (NIK_CONSISTENCY, state, reason);
        assert_eq!((found.name.as_str(), found.state, found.reason.as_str()), wanted, "{first:?} {second:?}");
    }
    let claims = outcome(None, &[("nik", NIK), wrong], TextSource::Client).nik_consistency;
    assert_eq!((claims.state, claims.reason.as_str()), (Fail, "birth_date_disagrees"));
}

#[test]
fn fields_are_named_and_what_they_say_is_not() {
    let first =
        card(&[("nik", NIK), ("nama", "SITI NUR 'AINI"), ("agama", "ISLAM"), ("alamat", "JL. MAWAR 5")]);
    let second = card(&[("nik", NIK), ("nama", "SITI NUR'AINI"), ("agama", "ISIAM")]);
    let found = outcome(Some(&[first, second]), &[("kota", "BOGOR")], TextSource::Server);
    let agreement = found.agreement.as_ref().expect("two frames");
    assert_eq!(agreement.source, TextSource::Server);
    assert_eq!(
        (&agreement.agreed[..], &agreement.disagreed[..]),
        (&["nik", "fullName"].map(str::to_owned)[..], &["religion".to_owned()][..])
    );
    let shown = format!("{found:?}");
    for personal in [NIK, "SITI", "ISLAM", "MAWAR"] {
        assert!(!shown.contains(personal), "{shown}");
    }
}

#[test]
fn of_each_field_the_surest_reading_counts() {
    let reading = |fields: &[(KtpField, &str, f64)]| {
        let mut text = CardText::default();
        for (field, value, confidence) in fields {
            text.put(*field, FieldText::new(value, Measure::of(*confidence)).expect("a text"));
        }
        text
    };
    let frames = [
        reading(&[(KtpField::Nik, NIK, 0.9), (KtpField::FullName, "BUDI", 0.5)]),
        reading(&[
            (KtpField::Nik, NIK, 0.8),
            (KtpField::FullName, "RUDI", 0.7),
            (KtpField::Religion, "ISLAM", 0.4),
        ]),
    ];
    let text = outcome(Some(&frames), &[], TextSource::Server).text;
    let fields: Vec<_> = text.fields().map(|(field, text)| (field, text.text().to_owned())).collect();
    let wanted = [(KtpField::Nik, NIK), (KtpField::FullName, "RUDI"), (KtpField::Religion, "ISLAM")];
    assert_eq!(fields, wanted.map(|(field, text)| (field, text.to_owned())));
}
