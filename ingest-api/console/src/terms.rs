//! What methods, results, categories, tiers and sources are called to people. The words of programs stand in `domain`.

use domain::assurance::AssurancePath;
use domain::classify::ReasonCategory;
use domain::policy::{Method, Tier};
use domain::recheck::{AttemptCause, RecheckStatus, SettledHow};
use domain::rows::{FaceSource, ReviewState, VerificationStatus, VoidReason};

use crate::Language;
use crate::words::words;

/// What a method is called.
pub fn method_name(language: Language, method: Method) -> &'static str {
    let words = TermWords::of(language);
    match method {
        Method::NikFormat => words.nik_format,
        Method::KtpCapture => words.ktp_capture,
        Method::NikDukcapil => words.nik_dukcapil,
        Method::FaceMatch => words.face_match,
        Method::FaceLiveness => words.face_liveness,
    }
}

/// What came of a verification by that method.
pub fn result_name(language: Language, method: Method, status: VerificationStatus) -> &'static str {
    let words = TermWords::of(language);
    match (status, method) {
        (VerificationStatus::Verified, Method::FaceMatch) => words.matched,
        (VerificationStatus::Verified, _) => words.verified,
        (VerificationStatus::Failed, Method::FaceMatch) => words.not_matched,
        (VerificationStatus::Failed, Method::NikDukcapil) => words.declined,
        (VerificationStatus::Failed, _) => words.failed,
        (VerificationStatus::Pending, _) => words.pending,
    }
}

/// Where a review stands.
pub fn review_state_name(language: Language, state: ReviewState) -> &'static str {
    let words = TermWords::of(language);
    match state {
        ReviewState::Open => words.review_open,
        ReviewState::Verified => words.verified,
        ReviewState::Failed => words.failed,
    }
}

/// What a person decided of a verification that was left to one; none while nobody has.
pub fn review_name(language: Language, state: ReviewState) -> Option<&'static str> {
    let words = TermWords::of(language);
    match state {
        ReviewState::Open => None,
        ReviewState::Verified => Some(words.reviewed_verified),
        ReviewState::Failed => Some(words.reviewed_failed),
    }
}

/// Why a verification counts no more.
pub fn void_reason_name(language: Language, reason: VoidReason) -> &'static str {
    let words = TermWords::of(language);
    match reason {
        VoidReason::WrongCustomer => words.void_wrong_customer,
        VoidReason::CallerError => words.void_caller_error,
        VoidReason::Fraud => words.void_fraud,
    }
}

/// What a reason's category is called.
pub fn category_name(language: Language, category: ReasonCategory) -> &'static str {
    let words = TermWords::of(language);
    match category {
        ReasonCategory::NotFound => words.not_found,
        ReasonCategory::Mismatch => words.mismatch,
        ReasonCategory::Deceased => words.deceased,
        ReasonCategory::DuplicateRecord => words.duplicate_record,
        ReasonCategory::Inactive => words.inactive,
        ReasonCategory::BadFormat => words.bad_format,
        ReasonCategory::Quota => words.quota,
        ReasonCategory::Other => words.other,
        ReasonCategory::NoMatch => words.no_match,
        ReasonCategory::Quality => words.quality,
        ReasonCategory::Spoof => words.spoof,
        ReasonCategory::Unclear => words.unclear,
        ReasonCategory::Tampered => words.tampered,
    }
}

/// What a tier is called.
pub fn tier_name(language: Language, tier: Tier) -> &'static str {
    let words = TermWords::of(language);
    match tier {
        Tier::None => words.no_tier,
        Tier::Basic => words.basic,
        Tier::Standard => words.standard,
        Tier::Premium => words.premium,
    }
}

/// Where a face reference came from.
pub fn source_name(language: Language, source: FaceSource) -> &'static str {
    let words = TermWords::of(language);
    match source {
        FaceSource::Dukcapil => words.from_dukcapil,
        FaceSource::KtpExtract => words.from_ktp,
        FaceSource::OnboardingSelfie => words.from_onboarding,
        FaceSource::StepUpPromotion => words.from_step_up,
    }
}

/// Where a recheck stands.
pub fn recheck_status_name(language: Language, status: RecheckStatus) -> &'static str {
    let words = TermWords::of(language);
    match status {
        RecheckStatus::Open => words.recheck_open,
        RecheckStatus::Confirmed => words.recheck_confirmed,
        RecheckStatus::Contradicted => words.recheck_contradicted,
        RecheckStatus::Closed => words.recheck_closed,
        RecheckStatus::Erased => words.recheck_erased,
    }
}

/// What settled a recheck.
pub fn settled_how_name(language: Language, how: SettledHow) -> &'static str {
    let words = TermWords::of(language);
    match how {
        SettledHow::Verdict => words.by_verdict,
        SettledHow::Close => words.by_close,
        SettledHow::Erasure => words.by_erasure,
    }
}

/// How Dukcapil failed.
pub fn attempt_cause_name(language: Language, cause: AttemptCause) -> &'static str {
    let words = TermWords::of(language);
    match cause {
        AttemptCause::Timeout => words.timeout,
        AttemptCause::Http5xx => words.http_5xx,
        AttemptCause::Connection => words.connection,
        AttemptCause::Tls => words.tls,
        AttemptCause::Quota => words.quota_cause,
        AttemptCause::Maintenance => words.maintenance,
    }
}

/// What a customer's identity rests on.
pub fn assurance_path_name(language: Language, path: AssurancePath) -> &'static str {
    let words = TermWords::of(language);
    match path {
        AssurancePath::Dukcapil => words.path_dukcapil,
        AssurancePath::Ktp => words.path_ktp,
        AssurancePath::KtpFallback => words.path_ktp_fallback,
        AssurancePath::None => words.path_none,
    }
}

words! {
    /// Terms.
    TermWords {
        nik_format: "NIK format", "Format NIK";
        ktp_capture: "Identity card", "Foto KTP";
        nik_dukcapil: "Dukcapil verdict", "Putusan Dukcapil";
        face_match: "Face match", "Pencocokan wajah";
        face_liveness: "Face liveness", "Uji keaktifan wajah";
        review_open: "Open", "Terbuka";
        verified: "Verified", "Terverifikasi";
        declined: "Declined", "Ditolak";
        failed: "Failed", "Gagal";
        pending: "Under review", "Dalam peninjauan";
        reviewed_verified: "Reviewed: verified", "Ditinjau: terverifikasi";
        reviewed_failed: "Reviewed: not verified", "Ditinjau: tidak terverifikasi";
        void_wrong_customer: "recorded of another person", "tercatat untuk orang lain";
        void_caller_error: "mistake of whoever sent it", "kesalahan pengirim";
        void_fraud: "fraud", "penipuan";
        matched: "Match", "Cocok";
        not_matched: "No match", "Tidak cocok";
        not_found: "No such record", "Data tidak ditemukan";
        mismatch: "The data differ", "Data tidak sesuai";
        deceased: "The person has died", "Meninggal dunia";
        duplicate_record: "More than one record", "Data ganda";
        inactive: "The record is not active", "Data tidak aktif";
        bad_format: "The NIK is malformed", "Format NIK salah";
        quota: "The quota was used up", "Kuota habis";
        other: "Another reason", "Alasan lain";
        no_match: "The faces are not one person's", "Wajah bukan orang yang sama";
        quality: "The picture is too poor to be judged", "Mutu gambar tidak cukup untuk dinilai";
        spoof: "Not what stood before the camera", "Bukan objek asli di depan kamera";
        unclear: "Cannot be told either way", "Tidak dapat dipastikan";
        tampered: "The document contradicts itself", "Isi dokumen saling bertentangan";
        no_tier: "None", "Belum ada";
        basic: "Basic", "Dasar";
        standard: "Standard", "Standar";
        premium: "Premium", "Premium" same;
        from_dukcapil: "Dukcapil's photo", "Foto Dukcapil";
        from_ktp: "Portrait on the identity card", "Foto pada KTP";
        from_onboarding: "Selfie at onboarding", "Swafoto saat pendaftaran";
        from_step_up: "Selfie of a step-up", "Swafoto saat verifikasi tambahan";
        recheck_open: "Dukcapil recheck due", "Verifikasi ulang Dukcapil tertunda";
        recheck_confirmed: "Confirmed", "Dibenarkan";
        recheck_contradicted: "Contradicted", "Dibantah";
        recheck_closed: "Closed", "Ditutup";
        recheck_erased: "Customer erased", "Nasabah dihapus";
        by_verdict: "by Dukcapil's verdict", "oleh putusan Dukcapil";
        by_close: "by your organisation", "oleh organisasi Anda";
        by_erasure: "by an erasure", "oleh penghapusan data";
        timeout: "No answer in time", "Waktu habis";
        http_5xx: "Server error", "Galat server";
        connection: "Could not be reached", "Tidak terhubung";
        tls: "No secure connection", "Koneksi aman gagal";
        quota_cause: "Quota used up", "Kuota habis";
        maintenance: "Maintenance", "Pemeliharaan";
        path_dukcapil: "Dukcapil's verdict", "Putusan Dukcapil";
        path_ktp: "Identity card", "KTP";
        path_ktp_fallback: "Identity card alone, while Dukcapil could not be asked", "KTP saja, saat Dukcapil tidak dapat dihubungi";
        path_none: "Nothing yet", "Belum ada";
    }
}
