//! When Dukcapil did not answer this bank, as its own declarations and verdicts say.

use domain::recheck::OutageWindow;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::tables::table_head;
use crate::terms::attempt_cause_name;
use crate::words::words;
use crate::{PageFrame, format};

/// The outages that the page shows.
#[derive(Debug, Clone)]
pub struct OutagesPart {
    /// Newest first.
    pub windows: Vec<OutageWindow>,
    /// Those whose first failure was from then on.
    pub since: Timestamp,
    /// There are more of them than are shown.
    pub is_cut: bool,
}

pub(super) fn part(frame: &PageFrame, outages: &OutagesPart) -> Markup {
    let words = OutageWords::of(frame.language);
    html! {
        section aria-labelledby="outages" {
            h2 id="outages" { (words.title) }
            p class="hint" { (words.about) " " (format::date(frame.language, outages.since)) "." }
            @if outages.windows.is_empty() {
                p class="empty" { (words.none) }
            } @else {
                (table(frame, words, &outages.windows))
                @if outages.is_cut { p class="hint" { (words.cut) } }
            }
        }
    }
}

fn table(frame: &PageFrame, words: &OutageWords, windows: &[OutageWindow]) -> Markup {
    let language = frame.language;
    let count = |number| format::count(language, number);
    html! {
        div class="table-frame" tabindex="0" role="region" aria-label=(words.title) {
            table {
                (table_head(&[
                    words.from,
                    words.to,
                    words.failures,
                    words.causes,
                    words.opened,
                    words.confirmed,
                    words.contradicted,
                    words.open,
                ]))
                tbody {
                    @for window in windows {
                        @let cluster = &window.cluster;
                        tr {
                            td { (format::time(language, cluster.first)) }
                            td {
                                @match window.to {
                                    Some(to) => (format::time(language, to)),
                                    None => span class="result result-pending" { (words.going_on) },
                                }
                                @if !window.settled { " " span class="score" { (words.not_settled) } }
                            }
                            td { (count(cluster.failures)) }
                            td {
                                @for (at, (cause, number)) in cluster.causes.iter().enumerate() {
                                    @if at > 0 { ", " }
                                    (attempt_cause_name(language, *cause)) " " (count(*number))
                                }
                            }
                            td { (count(cluster.opened)) }
                            td { (count(cluster.confirmed)) }
                            td { (count(cluster.contradicted)) }
                            td { (count(cluster.open)) }
                        }
                    }
                }
            }
        }
    }
}

words! {
    /// Words of the part.
    OutageWords {
        title: "When Dukcapil did not answer", "Saat Dukcapil tidak menjawab";
        about: "Each row is a time in which attempts failed, with less than a quarter of an hour between them, up to the next verdict; since",
            "Setiap baris adalah rentang waktu percobaan gagal dengan jeda kurang dari seperempat jam, sampai putusan berikutnya; sejak";
        none: "No failed attempt was declared.", "Tidak ada percobaan gagal yang dilaporkan.";
        cut: "Older ones are not shown.", "Yang lebih lama tidak ditampilkan.";
        from: "From", "Dari";
        to: "To", "Sampai";
        going_on: "goes on", "masih berlangsung";
        not_settled: "may still change", "masih dapat berubah";
        failures: "Declarations", "Laporan";
        causes: "Causes", "Penyebab";
        opened: "Rechecks opened", "Verifikasi ulang dibuka";
        confirmed: "Confirmed", "Dibenarkan";
        contradicted: "Contradicted", "Dibantah";
        open: "Still open", "Masih terbuka";
    }
}
