//! What the contract says of both engines, as functions that are given a harness: `contract_cases!` makes tests of
//! them. What belongs here: cases that know an installation from outside only. What is a sandbox's alone is a test of
//! `tests/it`, what only two instances can show one of `tests/distributed`.

pub mod accepted;
pub mod access;
pub mod bodies;
pub mod capture_bundles;
pub mod captures;
pub mod challenges;
pub mod common;
pub mod compliance;
pub mod console;
pub mod customers;
pub mod documents;
pub mod errors;
pub mod face_pictures;
pub mod faces;
pub mod fallbacks;
pub mod fields;
pub mod idempotency;
pub mod json;
pub mod kyc;
pub mod limits;
pub mod lists;
pub mod nik_format;
pub mod orgs_cli;
pub mod photo_fields;
pub mod rechecks;
pub mod scopes;
pub mod signals;
pub mod unsealing;
pub mod verdicts;
pub mod voids;
pub mod waiting;

/// A test of every case, on that harness.
#[macro_export]
macro_rules! contract_cases {
    ($harness:ty) => {
        $crate::tests_of_cases! { $harness;
            accepted: one_thread [
                raw_is_kept_byte_for_byte_and_opens_with_two_signers_shares,
            ];
            access: one_thread [
                without_a_good_key_every_endpoint_is_a_401,
                the_word_bearer_is_read_in_either_case,
                a_key_in_the_query_is_refused,
                a_revoked_key_and_an_expired_key_are_a_401,
                another_orgs_objects_do_not_exist,
                an_org_without_the_capability_is_a_403_and_a_running_sandbox_follows_a_change,
            ];
            bodies: one_thread [
                a_body_of_the_limit_is_taken_and_one_byte_more_is_refused_before_it_is_read,
                a_chunked_body_is_read_to_the_limit_and_no_further,
                only_json_that_says_so_is_taken,
                a_stalled_body_is_a_408,
                a_body_that_drips_byte_by_byte_must_end_too,
                a_connection_that_breaks_within_a_body_writes_nothing,
                pipelined_requests_are_answered_in_their_order,
                a_half_closed_connection_still_gets_its_answer,
                what_is_not_http_ends_with_a_400_or_the_connection_and_nothing_else,
            ], two_threads [
                more_bytes_in_flight_than_the_budget_are_a_503_at_once,
            ];
            capture_bundles: one_thread [
                frames_that_are_none_are_refused_by_their_place,
                every_limit_at_once_is_recorded_and_a_byte_more_is_a_413,
                what_the_phone_claims_decides_nothing,
            ];
            captures: one_thread [
                a_card_lifts_to_standard_and_its_portrait_to_premium,
                by_the_phones_word_alone_a_card_is_of_low_assurance,
                without_models_a_capture_waits_for_a_person,
                whatever_was_changed_since_it_was_signed_is_refused_and_uses_nothing_up,
                a_nonce_counts_for_its_customer_purpose_and_org_alone,
                a_used_challenge_has_its_answer_for_ever_and_no_other,
                a_capture_is_neither_too_fast_nor_tried_first_and_a_202_says_nothing,
            ];
            challenges: one_thread [
                a_challenge_says_what_to_show_and_keeps_no_secret,
                a_challenge_is_asked_for_on_terms_and_never_twice_the_same,
                five_challenges_within_ten_minutes_and_not_one_more,
            ];
            common: one_thread [
                a_request_id_is_taken_up_or_minted_and_stands_on_every_response,
                the_log_line_of_a_request_has_its_id,
                an_unknown_path_is_a_json_404,
                a_wrong_method_is_a_405_with_allow,
                traceparent_is_taken_up_and_a_broken_one_is_no_error,
                a_traceparent_is_carried_into_the_logs_records,
            ];
            compliance: one_thread [
                a_replay_shows_what_was_sent_in_its_order_with_its_evidence,
                a_state_is_the_apis_answer_as_of_any_moment,
                what_if_names_exactly_those_whom_another_policy_would_move,
                whose_data_a_key_read_is_listed_once_the_minute_has_ended,
            ];
            console: one_thread [
                an_account_is_made_and_signs_in,
                a_role_sees_its_entries,
                a_disabled_account_is_out_with_the_next_page,
                a_new_password_ends_what_the_old_one_began,
                accounts_are_listed_without_secrets,
                what_cannot_be_done_with_an_account_is_said,
                an_org_that_has_just_been_made_has_staff_of_its_own,
            ];
            customers: one_thread [
                a_customer_is_registered_and_found_at_once,
                an_external_id_is_one_customers,
                a_registration_is_idempotent,
                a_bad_registration_names_its_fields,
            ];
            documents: one_thread [
                me_shows_what_a_key_may_do_and_never_the_key,
                openapi_describes_every_endpoint_and_refers_to_nothing_that_is_not_there,
                the_docs_are_a_page_that_needs_nobody_else,
                the_page_may_do_little_and_nobody_may_frame_it,
                beneath_the_registrys_path_every_answer_is_in_confluents_shape,
                the_management_listener_alone_has_health_and_metrics,
            ];
            errors: one_thread [
                every_error_has_the_code_of_the_published_list,
                a_missing_scope_and_a_capability_are_named_and_whom_to_ask,
                without_a_contact_the_capability_alone_is_named,
                what_may_have_personal_data_is_stored_by_nobody,
                names_that_could_be_values_are_shown_nowhere,
                a_time_zone_whose_plus_was_not_encoded_gets_a_hint,
                a_thousand_unknown_fields_are_ignored_and_one_more_is_a_400,
            ];
            face_pictures: one_thread [
                no_number_of_lesser_references_hides_dukcapils_photo,
                pictures_that_are_no_probe_are_refused_and_leave_no_row,
                hard_pictures_are_compared_and_kept_with_their_cause,
                the_reference_shown_again_is_signalled,
            ];
            faces: one_thread [
                a_match_years_apart_lifts_to_premium_and_another_person_changes_nothing,
                an_org_makes_matches_stricter_by_its_settings_and_never_looser,
                whoever_tries_picture_after_picture_is_stopped_for_a_while,
                a_match_is_recorded_once_under_its_key_and_for_its_org_alone,
                a_reference_is_enrolled_listed_and_matched_but_carries_no_tier,
                a_reference_whose_photo_is_not_read_yet_is_waited_for,
                without_models_nothing_matches_and_everything_says_so,
                a_match_is_a_write_like_others_and_takes_no_dry_run,
            ], two_threads [
                two_hundred_photos_at_once_are_all_read_and_hold_nobody_up,
            ];
            voids: one_thread [
                a_void_verdict_counts_no_more_and_what_was_before_stays,
                a_void_is_refused_in_the_contracts_order,
                of_voids_that_race_one_counts,
                a_void_reference_is_compared_with_no_more,
            ];
            fallbacks: one_thread [
                a_declared_failure_opens_a_recheck_and_a_verdict_confirms_it,
                a_declaration_has_its_bounds,
                a_declaration_under_a_key_counts_once,
                what_contradicts_is_final_and_no_answer_leaves_it_open,
                a_recheck_is_closed_once_and_with_a_reason,
            ], two_threads [
                a_capture_declares_as_well,
            ];
            fields: one_thread [
                valid_is_a_json_boolean_and_nothing_else,
                a_customer_id_is_a_text_of_ours,
                raw_is_an_object_of_bounded_depth,
                raw_nests_128_deep_and_no_deeper,
                an_unknown_field_however_deep_is_no_way_round_the_bounds,
                raw_is_a_megabyte_and_a_half_and_no_more,
                a_reason_is_at_most_500_characters_without_control_characters,
                null_is_absent_for_the_optional_fields,
                a_wrong_field_is_named_once_and_no_value_is_echoed,
                unknown_fields_are_ignored_and_named,
            ];
            idempotency: one_thread [
                the_same_key_with_another_body_is_refused,
                a_quoted_key_is_its_bare_content,
                a_key_counts_for_one_customer_one_endpoint_and_one_org,
                without_a_key_every_post_is_a_verdict_and_a_key_has_its_bounds,
                a_refused_request_uses_no_key_up,
            ], two_threads [
                a_hundred_posts_with_one_key_over_sixteen_connections_are_one_verdict,
                of_two_bodies_with_one_key_at_once_one_counts_and_the_other_hears_so,
            ];
            json: one_thread [
                a_body_that_is_not_json_is_malformed_with_its_position,
                json_that_is_not_a_verdicts_object_is_a_400,
                an_error_never_echoes_what_was_sent,
            ];
            kyc: one_thread [
                a_path_says_what_an_identity_rests_on,
                a_signal_blocks_where_its_org_says_so_and_nowhere_else,
            ], two_threads [
                a_card_alone_is_a_fallback_only_where_one_was_declared,
                dukcapils_photo_and_the_cards_are_compared_at_reading,
            ];
            limits: one_thread [
                every_authenticated_response_tells_its_buckets_limits,
                above_the_limit_is_a_429_for_that_key_and_bucket_alone,
                reads_have_a_limit_of_their_own,
            ];
            lists: one_thread [
                pages_and_cursors_walk_over_everything_once_newest_first,
                a_cursor_does_not_drift_while_rows_come_in,
                filters_choose_and_totals_agree,
                only_a_cursor_that_was_given_out_is_taken_and_by_its_own_org,
                an_unknown_filter_or_value_is_a_400,
            ];
            nik_format: one_thread [
                a_niks_form_is_a_row_and_lifts_to_basic_and_the_nik_is_nowhere,
                niks_that_are_none_are_refused_and_leave_no_row,
                a_check_is_recorded_once_under_its_key_and_a_202_says_nothing,
                a_nik_of_two_customers_and_two_niks_of_one_are_signalled,
            ];
            orgs_cli: one_thread [
                an_org_is_made_and_its_key_works_in_a_running_sandbox,
                orgs_and_keys_are_listed_without_secrets,
                capabilities_and_limits_are_set_by_name_and_hold_within_seconds,
                a_setting_is_shown_until_it_is_put_back_and_no_name_is_guessed,
                exit_codes_tell_failed_from_wrong_usage,
            ];
            photo_fields: one_thread [
                what_is_no_photo_is_refused_whatever_valid_says,
                a_photo_is_kept_as_it_came_however_it_was_encoded,
            ];
            rechecks: one_thread [
                rechecks_are_listed_in_both_orders_with_exact_totals,
                failures_are_windows_until_a_verdict_gets_through,
                the_summary_and_the_command_say_what_is_open,
            ];
            scopes: one_thread [
                each_endpoint_wants_its_scope_and_the_legacy_ones_grant_several,
                an_org_that_is_not_strict_takes_verdicts_for_the_view_scope,
                checks_come_in_the_contracts_order,
                scope_comes_before_capability_and_the_rate_limit_before_both,
            ];
            signals: one_thread [
                what_a_raw_answer_says_against_its_verdict_is_heard_and_kept,
                a_202_says_what_was_noticed_too,
                a_death_after_standard_is_a_signal_and_takes_no_tier,
            ];
            unsealing: one_thread [
                a_replay_reveals_what_is_recorded_first,
                an_approval_that_was_appended_by_hand_opens_nothing,
                of_an_erased_customer_nothing_opens,
                of_two_opens_at_once_one_shows,
                signers_come_and_go_and_older_hours_are_shared_anew,
                two_signers_open_what_was_sent_byte_for_byte,
            ];
            verdicts: one_thread [
                a_verified_verdict_is_a_row_an_enrolment_and_the_standard_tier,
                a_declined_verdict_is_a_failed_row_and_changes_no_tier,
                a_tier_never_falls_and_a_second_success_only_renews_it,
                a_reason_shows_its_category_and_survives_as_it_was_sent,
                kyc_answers_as_of_any_time,
                a_dry_run_checks_everything_and_writes_nothing,
                no_endpoint_ever_returns_raw_or_a_photo,
            ];
            waiting: one_thread [
                respond_async_answers_202_with_a_location_that_fills,
                a_wait_is_echoed_and_bounded,
                every_404_of_a_verification_says_when_to_ask_again,
                a_registration_can_be_asynchronous_too,
            ];
        }
    };
}

/// The tests of each file: those on one thread, and those that need two.
#[macro_export]
#[doc(hidden)]
macro_rules! tests_of_cases {
    ($harness:ty; $($file:ident: one_thread [$($case:ident,)*] $(, two_threads [$($parallel:ident,)*])?;)*) => {
        $(mod $file {
            $(#[tokio::test]
            async fn $case() {
                $crate::cases::$file::$case::<$harness>().await;
            })*
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $parallel() {
                $crate::cases::$file::$parallel::<$harness>().await;
            })*)?
        })*
    };
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// A case that is not in the list would never run, and no compiler would say so.
    #[test]
    fn every_case_is_in_the_list() {
        let listed: Vec<&str> = include_str!("cases.rs").lines().map(str::trim).collect();
        let mut cases = 0;
        for file in Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases").read_dir().expect("the cases") {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
            for line in text.lines() {
                let Some(name) = line.strip_prefix("pub async fn ").and_then(|rest| rest.split('<').next())
                else {
                    continue;
                };
                assert!(listed.contains(&format!("{name},").as_str()), "{name} is not in `contract_cases!`");
                cases += 1;
            }
        }
        assert!(cases > 80, "only {cases} cases were found");
    }
}
