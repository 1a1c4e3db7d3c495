//! The review copy: shown once it was asked for, with the reader's name and the time burnt in. The picture stands in the page
//! itself, so that no second address has it.

use domain::ids::VerificationId;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::pages::reviews::review_path;
use crate::words::words;
use crate::{PageFrame, format};

/// The picture, and until when its page may stand.
pub struct ShownPicture {
    /// `data:image/jpeg;base64,…`
    pub data_url: String,
    /// Then the page is left by itself.
    pub until: Timestamp,
}

/// Whether there is a picture to see.
pub enum PictureStanding {
    /// The org does not show any.
    Off,
    /// The reader's role is not shown any.
    NotForRole,
    /// There is none: destroyed with a decision or after its time, erased, or none was made.
    Gone,
    /// It is shown when it is asked for.
    Hidden,
    /// It could not be shown just now.
    Unreadable,
    /// It is shown.
    Shown(ShownPicture),
}

pub(super) fn part(frame: &PageFrame, id: &VerificationId, picture: &PictureStanding) -> Markup {
    let words = PictureWords::of(frame.language);
    let path = review_path(id);
    html! {
        section aria-labelledby="picture" {
            h2 id="picture" { (words.title) }
            @match picture {
                PictureStanding::Off => p { (words.off) },
                PictureStanding::NotForRole => p { (words.not_for_role) },
                PictureStanding::Gone => p { (words.gone) },
                PictureStanding::Unreadable => p class="notice notice-warning" role="alert" { (words.unreadable) },
                PictureStanding::Hidden => {
                    form method="post" action={ (path) "/picture" } {
                        (frame.csrf_field())
                        p { (words.hidden) }
                        p class="form-actions" { button type="submit" { (words.show) } }
                    }
                },
                PictureStanding::Shown(shown) => {
                    figure {
                        img class="review-copy" src=(shown.data_url) alt=(words.alternative);
                        figcaption { (words.until) " " (format::time(frame.language, shown.until)) ". " (words.burnt) }
                    }
                    p { a href=(path) { (words.hide) } }
                },
            }
        }
    }
}

words! {
    /// Words of the picture.
    PictureWords {
        title: "Picture of the card", "Gambar kartu";
        off: "Your organisation shows no pictures to reviewers (reviews.pictures is off). The capture can be failed or sent back; nobody can say that it is verified.",
            "Organisasi Anda tidak menampilkan gambar kepada peninjau (reviews.pictures nonaktif). Pengambilan ini dapat digagalkan atau diminta ulang; tidak dapat dinyatakan terverifikasi.";
        not_for_role: "Pictures are shown to reviewers and administrators alone.",
            "Gambar hanya ditampilkan kepada peninjau dan administrator.";
        gone: "There is no picture any more: it goes with the decision, seven days after the capture, and when the customer's data is erased.",
            "Gambar sudah tidak ada: gambar dihapus bersama keputusan, tujuh hari setelah pengambilan, atau saat data nasabah dihapus.";
        unreadable: "The picture cannot be opened just now. Try again in a minute.",
            "Gambar belum dapat dibuka. Coba lagi sebentar lagi.";
        hidden: "That you look at it is recorded. It is shown for five minutes, with your name and the time in it.",
            "Tampilan Anda akan dicatat. Gambar ditampilkan selama lima menit, dengan nama Anda dan waktunya di dalam gambar.";
        show: "Show the picture", "Tampilkan gambar";
        alternative: "The captured card and the portrait on it, with your name and the time across it",
            "Kartu yang diambil beserta fotonya, dengan nama Anda dan waktu melintang di atasnya";
        until: "Shown until", "Ditampilkan sampai";
        burnt: "Your name and the time are part of the picture.",
            "Nama Anda dan waktu menjadi bagian dari gambar.";
        hide: "Hide the picture", "Sembunyikan gambar";
    }
}
