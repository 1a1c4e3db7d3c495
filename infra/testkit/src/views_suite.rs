//! What every read model must do, whichever technology it stands on: the Projection and Views ports. Each
//! case names its own orgs, customers and topics, so all of them may run at once in one database that
//! outlives the run. None assumes that a call of `write` is atomic.

mod categories;
mod faces;
mod fields;
mod lists;
mod rechecks;
mod records;
mod reviews;
mod rows;

use std::sync::Arc;

use domain::ports::{Projection, Rechecks, VerificationCounts, Views};
use domain::rows::{Generation, RowKey, ViewRow, ViewWrite};

pub use categories::*;
pub use faces::*;
pub use fields::*;
pub use lists::*;
pub use rechecks::*;
pub use records::*;
pub use reviews::*;
pub use rows::*;

/// Both sides of one read model.
#[derive(Clone)]
pub struct ViewStores {
    /// The projector's.
    pub projection: Arc<dyn Projection>,
    /// The API's.
    pub views: Arc<dyn Views>,
    /// The console's.
    pub counts: Arc<dyn VerificationCounts>,
    /// The ledger's.
    pub rechecks: Arc<dyn Rechecks>,
}

/// The generation that the cases write to.
pub const GENERATION: Generation = Generation(1);

impl ViewStores {
    async fn write(&self, writes: Vec<ViewWrite>) {
        self.projection.write(GENERATION, writes).await.expect("written");
    }

    async fn load(&self, keys: &[RowKey]) -> Vec<Option<ViewRow>> {
        self.projection.load(GENERATION, keys).await.expect("loaded")
    }
}

/// Makes a `#[tokio::test]` of every case. The argument is the path of an `async fn() -> (ViewStores, K)`
/// that opens a read model; `K` is kept until the case is done (a temporary folder, a running server).
#[macro_export]
macro_rules! views_suite {
    ($stores:path) => {
        $crate::views_suite! { $stores;
            // rows
            every_row_comes_back_as_it_was_written,
            a_row_with_as_little_as_there_may_be_comes_back,
            rows_come_in_the_order_asked_and_absent_ones_are_none,
            ids_of_verifications_are_their_customers_and_bounded,
            written_twice_is_written_once,
            a_lower_timestamp_has_no_effect,
            a_higher_timestamp_replaces_and_what_became_none_stays_none,
            within_one_write_the_timestamp_decides_too,
            an_erasure_deletes_what_was_written_before_it,
            an_erasure_keeps_late_and_older_enrolments_away,
            generations_do_not_see_each_other,
            an_epoch_is_given_once_per_topic,
            of_many_claims_at_once_all_agree,
            waiting_notes_come_by_offset,
            a_note_that_was_overwritten_no_longer_waits,
            books_of_every_org_are_listed,
            a_batch_of_many_rows_is_whole,
            stages_are_written_whole_and_by_their_timestamps,
            a_read_sees_every_confirmed_write,
            // fields
            every_field_of_every_row_is_read_as_it_was_written,
            // lists
            a_verification_is_its_orgs_alone,
            signals_are_joined_oldest_first,
            an_erased_enrolment_is_not_shown,
            pages_are_newest_first_and_say_whether_rows_follow,
            a_cursor_walks_without_drift_while_rows_come,
            rows_of_one_instant_are_ordered_by_partition_then_offset,
            every_filter_alone_and_together,
            from_is_inclusive_and_to_is_exclusive,
            totals_are_exact_over_hours_days_and_months,
            another_orgs_rows_are_not_there,
            kyc_rows_are_the_newest_of_each_kind,
            kyc_rows_as_of_a_time_include_it,
            the_first_generation_answers_unless_told_otherwise,
            // categories
            a_category_is_a_filter_like_any_other,
            totals_by_category_are_exact_over_hours_days_and_months,
            a_row_that_is_written_again_counts_once_by_its_category,
            a_series_is_what_a_look_at_every_row_says,
            a_series_begins_and_ends_at_its_days,
            // reviews
            a_review_is_joined_to_its_verification,
            kyc_rows_have_reviews_and_the_newest_row_says_the_kyc,
            where_a_review_stands_is_a_filter_like_any_other,
            a_review_that_is_written_again_counts_once,
            // faces
            a_match_and_a_reference_come_back_as_they_were_written,
            a_reference_outlives_the_erasure_of_its_enrolment,
            references_are_listed_newest_first_with_their_total,
            references_of_one_instant_are_ordered_by_their_place,
            a_list_of_references_has_each_once_and_no_erased_one,
            // rechecks
            a_recheck_is_listed_by_every_filter_with_exact_totals,
            a_recheck_that_goes_on_is_listed_where_it_stands,
            a_summary_is_what_a_look_at_every_open_one_says,
            failures_come_in_time_order_with_what_they_opened,
            the_first_verdict_after_a_moment_is_found,
        }
    };
    ($stores:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let (stores, _keep) = $stores().await;
                $crate::views_suite::$case(&stores, &$crate::samples::Samples::fresh()).await;
            }
        )+
    };
}
