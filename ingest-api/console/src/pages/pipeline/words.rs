//! Words of the pipeline's page.

use crate::words::words;

words! {
    /// Words of the page.
    PipelineWords {
        title: "Pipeline", "Alur pemrosesan";
        lead: "How events get from the log into the read model, in the whole installation. This page has no personal data.",
            "Perjalanan peristiwa dari log ke model baca, untuk seluruh instalasi. Halaman ini tidak memuat data pribadi.";
        as_of: "As of", "Per";
        live: "Renewed by itself.", "Diperbarui otomatis.";
        not_live: "Reload the page for newer figures.", "Muat ulang halaman untuk angka terbaru.";
        hold: "Stop renewing", "Hentikan pembaruan";
        follow: "Renew again", "Perbarui lagi";
        unready: "This program is not ready.", "Program ini belum siap.";
        unready_because: "It waits for, or is:", "Yang ditunggu, atau keadaannya:";
        nothing_yet: "There are no figures yet: the stores are being opened, or the program ends.",
            "Belum ada angka: penyimpanan sedang dibuka, atau program sedang berhenti.";
        build: "Build", "Versi program";

        unbalanced: "The books of an org do not balance: an event was lost or counted twice. Build the read model anew beside it and compare: the runbook, Rebuilding the read model.",
            "Pembukuan sebuah organisasi tidak seimbang: ada peristiwa yang hilang atau terhitung ganda. Bangun ulang model baca di sampingnya lalu bandingkan: runbook, Rebuilding the read model.";
        away: "Something that this program works with does not answer; see the list of dependencies.",
            "Ada komponen yang tidak menjawab; lihat daftar ketergantungan.";
        no_projection: "How far the read model is cannot be said: the log or the read model does not answer.",
            "Kemajuan model baca tidak dapat diketahui: log atau model baca tidak menjawab.";
        still: "A partition has events that are not projected, and does not move. If that lasts, see its projector's log.",
            "Ada partisi dengan peristiwa yang belum diproyeksikan dan tidak bergerak. Bila terus begitu, periksa log projector-nya.";
        held: "Events of an org wait for a key that is away.", "Peristiwa sebuah organisasi menunggu kunci yang belum tersedia.";
        quarantine: "Customers are quarantined: their events wait until an operator releases them (projector quarantine list).",
            "Ada nasabah dalam karantina: peristiwanya menunggu sampai operator melepaskannya (projector quarantine list).";
        all_good: "Nothing needs anybody's attention.", "Tidak ada yang memerlukan tindakan.";

        intake: "Ingest rate", "Laju masuk";
        intake_note: "events a second, last minute", "peristiwa per detik, semenit terakhir";
        freshness: "Freshness", "Kesegaran";
        freshness_note: "longest wait for the read model", "waktu tunggu terlama ke model baca";
        up_to_date: "Up to date", "Mutakhir";
        lag: "Lag", "Ketertinggalan";
        lag_note: "events not projected", "peristiwa belum diproyeksikan";
        quarantined: "Quarantined", "Dikarantina";
        quarantined_note: "customers", "nasabah";
        dead_letters: "Dead letters", "Pesan gagal";
        dead_letters_note: "records kept, 30 days", "rekaman tersimpan, 30 hari";
        faces_due: "Faces due", "Wajah tertunda";
        faces_due_note: "photos to be read, at most", "foto yang akan dibaca, paling banyak";

        chart: "Events a second, last five minutes", "Peristiwa per detik, lima menit terakhir";
        chart_empty: "The first figures come within ten seconds.", "Angka pertama muncul dalam sepuluh detik.";
        chart_figures: "Figures", "Angka";
        chart_time: "Until", "Sampai";
        chart_rate: "Events a second", "Peristiwa per detik";
        verdicts: "Verdicts answered here since the start:", "Hasil verifikasi yang dijawab di sini sejak dimulai:";
        accepted: "accepted", "diterima";
        refused: "refused", "ditolak";
        failed: "failed", "gagal";

        dependencies: "Dependencies", "Ketergantungan";
        dependency: "What", "Komponen";
        state: "State", "Keadaan";
        event_log: "Event log", "Log peristiwa";
        read_model: "Read model", "Model baca";
        key_store: "Key store", "Penyimpanan kunci";
        key_management: "Key management", "Manajemen kunci";
        outcome_stream: "Stream of outcomes", "Aliran hasil";
        org_directory: "Directory of orgs", "Direktori organisasi";
        face_models: "Face models", "Model wajah";
        answers: "answers", "menjawab";
        does_not_answer: "does not answer", "tidak menjawab";
        not_configured: "not configured", "tidak dikonfigurasi";

        partitions: "Lag by partition", "Ketertinggalan per partisi";
        partition: "Partition", "Partisi";
        projected_to: "Projected to", "Diproyeksikan sampai";
        log_ends_at: "Log ends at", "Log berakhir di";
        catching_up: "catching up", "mengejar";
        not_moving: "not moving", "tidak bergerak";
        current: "up to date", "mutakhir";
        waits_for_key: "Waits for a key of", "Menunggu kunci milik";
        generation: "Generation of the read model that answers:", "Generasi model baca yang menjawab:";
        beside: "Beside it:", "Di sampingnya:";
        building: "being built", "sedang dibangun";
        next: "being handed over to", "sedang diserahterimakan";
        previous: "kept", "disimpan";
        leaving: "being left", "sedang ditinggalkan";
        dropping: "being dropped", "sedang dihapus";

        books: "Books by org", "Pembukuan per organisasi";
        books_note: "read = applied + duplicate + conflict + refused + dead-lettered + parked, at all times",
            "dibaca = diterapkan + duplikat + konflik + ditolak + pesan gagal + ditahan, setiap saat";
        org: "Org", "Organisasi";
        read: "Read", "Dibaca";
        applied: "Applied", "Diterapkan";
        duplicate: "Duplicate", "Duplikat";
        conflict: "Conflict", "Konflik";
        refused_events: "Refused", "Ditolak";
        dead_lettered: "Dead-lettered", "Pesan gagal";
        parked: "Parked", "Ditahan";
        balance: "Balance", "Seimbang";
        yes: "yes", "ya";
        no: "no", "tidak";
        more_orgs: "Orgs that are not shown (projector status shows all):",
            "Organisasi yang tidak ditampilkan (projector status menampilkan semuanya):";
        no_books: "No event was projected yet.", "Belum ada peristiwa yang diproyeksikan.";

        faces: "Face models", "Model wajah";
        model: "Model", "Model" same;
        behind: "Events behind", "Peristiwa tertinggal";
        in_use: "in use", "dipakai";
        not_in_use: "no longer used here", "tidak lagi dipakai di sini";
        not_known: "Not known: the store does not answer.", "Tidak diketahui: penyimpanan tidak menjawab.";
    }
}
