//! What every store of staff must do, whichever technology it stands on: the StaffAccounts and StaffSessions ports.
//! Each case names its own users, so all of them may run at once in one store that outlives the run.

use std::sync::Arc;

use domain::ports::{StaffAccounts, StaffSessions};
use domain::staff::{PasswordHash, SessionDigest, StaffAccount, StaffRole, StaffSession, StaffUserName};
use domain::time::Timestamp;
use futures::future::join_all;

use crate::samples::Samples;

/// The ports of one store.
#[derive(Clone)]
pub struct StaffStores {
    /// Who may sign in.
    pub accounts: Arc<dyn StaffAccounts>,
    /// Who has.
    pub sessions: Arc<dyn StaffSessions>,
}

/// Makes a `#[tokio::test]` of every case. The argument is the path of an `async fn() -> (StaffStores, K)` that opens a
/// store; `K` is kept until the case is done.
#[macro_export]
macro_rules! staff_suite {
    ($stores:path) => {
        $crate::staff_suite! { $stores;
            an_account_comes_back_as_it_was_made,
            of_sixteen_accounts_of_one_name_one_is_made,
            an_account_is_replaced_in_its_version_only,
            of_sixteen_replacements_at_once_one_wins,
            an_account_stays_in_its_org,
            accounts_are_listed_by_name_and_by_org,
            a_session_comes_back_until_it_is_deleted,
            a_deleted_session_is_not_touched_back_to_life,
            an_expired_session_is_not_touched,
            all_sessions_of_one_user_end_and_nobody_elses,
            sessions_that_have_ended_do_not_pile_up_in_the_way,
        }
    };
    ($stores:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let (stores, _keep) = $stores().await;
                $crate::staff_suite::$case(&stores, &$crate::samples::Samples::fresh()).await;
            }
        )+
    };
}

/// A name that no other case has: its end is that of an id which no other case has.
fn user(s: &Samples, n: u64) -> StaffUserName {
    let id = s.customer(n).customer.as_str().to_ascii_lowercase();
    StaffUserName::parse(&id).expect("a name")
}

fn account(s: &Samples, n: u64) -> StaffAccount {
    StaffAccount {
        user: user(s, n),
        org: s.org(0),
        role: StaffRole::ALL[n as usize % 4],
        password_hash: PasswordHash::parse(&format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdA${n}"))
            .expect("a hash"),
        is_disabled: n % 2 == 1,
        created_at: Timestamp::from_millis(1_000 + n as i64),
        version: 1,
    }
}

fn session(s: &Samples, n: u64, of: &StaffUserName) -> StaffSession {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(&domain::ids::derived("session", s.customer(0).customer.as_str(), n));
    let now = wall_clock();
    StaffSession {
        digest: SessionDigest(digest),
        user: of.clone(),
        account_version: u32::MAX - n as u32,
        created_at: now,
        last_seen_at: now,
        expires_at: later(now, 3_600_000),
    }
}

/// The wall's: stores may count the rest of a session's time from it.
fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp::from_millis(since.as_millis() as i64)
}

fn later(time: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_millis(time.millis() + ms)
}

/// In every role, disabled and not.
pub async fn an_account_comes_back_as_it_was_made(stores: &StaffStores, s: &Samples) {
    for n in 0..4 {
        let account = account(s, n);
        assert_eq!(stores.accounts.account(&account.user).await.expect("read"), None);
        assert!(stores.accounts.create_account(account.clone()).await.expect("made"));
        assert_eq!(stores.accounts.account(&account.user).await.expect("read"), Some(account));
    }
}

/// The others change nothing, whatever their org.
pub async fn of_sixteen_accounts_of_one_name_one_is_made(stores: &StaffStores, s: &Samples) {
    let accounts: Vec<_> =
        (0..16).map(|n| StaffAccount { user: user(s, 0), org: s.org(n), ..account(s, n) }).collect();
    let made = join_all(accounts.iter().map(|account| stores.accounts.create_account(account.clone()))).await;
    let made: Vec<bool> = made.into_iter().map(|answer| answer.expect("answered")).collect();
    let winners: Vec<_> = (0..16).filter(|n| made[*n]).collect();
    let [winner] = winners[..] else { panic!("{} won", winners.len()) };
    assert_eq!(stores.accounts.account(&user(s, 0)).await.expect("read").as_ref(), Some(&accounts[winner]));
}

/// And not at all where there is none.
pub async fn an_account_is_replaced_in_its_version_only(stores: &StaffStores, s: &Samples) {
    let first = account(s, 0);
    let second = StaffAccount { is_disabled: true, version: 2, role: StaffRole::Compliance, ..first.clone() };
    assert!(!stores.accounts.replace_account(1, second.clone()).await.expect("asked"));
    assert_eq!(stores.accounts.account(&first.user).await.expect("read"), None);
    assert!(stores.accounts.create_account(first.clone()).await.expect("made"));
    for version in [0, 2] {
        assert!(!stores.accounts.replace_account(version, second.clone()).await.expect("asked"));
        assert_eq!(stores.accounts.account(&first.user).await.expect("read").as_ref(), Some(&first));
    }
    assert!(stores.accounts.replace_account(1, second.clone()).await.expect("replaced"));
    assert!(!stores.accounts.replace_account(1, first.clone()).await.expect("asked"));
    assert_eq!(stores.accounts.account(&first.user).await.expect("read"), Some(second));
}

/// The winner's stands, whole.
pub async fn of_sixteen_replacements_at_once_one_wins(stores: &StaffStores, s: &Samples) {
    let first = account(s, 0);
    assert!(stores.accounts.create_account(first.clone()).await.expect("made"));
    let next: Vec<_> =
        (0..16).map(|n| StaffAccount { user: first.user.clone(), version: 2, ..account(s, n) }).collect();
    let done = join_all(next.iter().map(|account| stores.accounts.replace_account(1, account.clone()))).await;
    let winners: Vec<_> = (0..16).filter(|n| *done[*n].as_ref().expect("answered")).collect();
    let [winner] = winners[..] else { panic!("{} won", winners.len()) };
    assert_eq!(stores.accounts.account(&first.user).await.expect("read").as_ref(), Some(&next[winner]));
}

/// Whoever knows its password would see another org's customers.
pub async fn an_account_stays_in_its_org(stores: &StaffStores, s: &Samples) {
    let first = account(s, 0);
    assert!(stores.accounts.create_account(first.clone()).await.expect("made"));
    let moved = StaffAccount { org: s.org(1), version: 2, ..first.clone() };
    assert!(!stores.accounts.replace_account(1, moved).await.expect("asked"));
    assert_eq!(stores.accounts.account(&first.user).await.expect("read"), Some(first));
}

/// All of them, and nobody else's.
pub async fn accounts_are_listed_by_name_and_by_org(stores: &StaffStores, s: &Samples) {
    let mut here = Vec::new();
    for n in 0..5 {
        let account = account(s, n);
        assert!(stores.accounts.create_account(account.clone()).await.expect("made"));
        here.push(account);
    }
    let there = StaffAccount { org: s.org(1), ..account(s, 5) };
    assert!(stores.accounts.create_account(there.clone()).await.expect("made"));
    here.sort_by(|a, b| a.user.cmp(&b.user));
    assert_eq!(stores.accounts.accounts(Some(&s.org(0))).await.expect("listed"), here);
    assert_eq!(
        stores.accounts.accounts(Some(&s.org(1))).await.expect("listed"),
        std::slice::from_ref(&there)
    );
    assert_eq!(stores.accounts.accounts(Some(&s.org(2))).await.expect("listed"), []);
    let all = stores.accounts.accounts(None).await.expect("listed");
    assert!(here.iter().chain([&there]).all(|account| all.contains(account)));
    assert!(all.is_sorted_by(|a, b| a.user < b.user));
}

/// Also after it was touched, with what was touched and nothing else.
pub async fn a_session_comes_back_until_it_is_deleted(stores: &StaffStores, s: &Samples) {
    let session = session(s, 0, &user(s, 0));
    let read = async || stores.sessions.session(&session.digest).await.expect("read");
    assert_eq!(read().await, None);
    stores.sessions.insert_session(session.clone()).await.expect("inserted");
    assert_eq!(read().await.as_ref(), Some(&session));
    let seen = later(session.created_at, 60_000);
    assert!(stores.sessions.touch_session(&session.digest, seen).await.expect("touched"));
    assert_eq!(read().await, Some(StaffSession { last_seen_at: seen, ..session.clone() }));
    for _ in 0..2 {
        stores.sessions.delete_session(&session.digest).await.expect("deleted");
        assert_eq!(read().await, None);
    }
}

/// One who signs out while a page of theirs is still loading is out.
pub async fn a_deleted_session_is_not_touched_back_to_life(stores: &StaffStores, s: &Samples) {
    let session = session(s, 0, &user(s, 0));
    assert!(!stores.sessions.touch_session(&session.digest, session.created_at).await.expect("asked"));
    stores.sessions.insert_session(session.clone()).await.expect("inserted");
    stores.sessions.delete_session(&session.digest).await.expect("deleted");
    assert!(!stores.sessions.touch_session(&session.digest, session.created_at).await.expect("asked"));
    assert_eq!(stores.sessions.session(&session.digest).await.expect("read"), None);
}

/// At its end, and not before.
pub async fn an_expired_session_is_not_touched(stores: &StaffStores, s: &Samples) {
    let session = session(s, 0, &user(s, 0));
    stores.sessions.insert_session(session.clone()).await.expect("inserted");
    let last = later(session.expires_at, -1);
    assert!(stores.sessions.touch_session(&session.digest, last).await.expect("touched"));
    assert!(!stores.sessions.touch_session(&session.digest, session.expires_at).await.expect("asked"));
    let kept = stores.sessions.session(&session.digest).await.expect("read");
    assert!(kept.is_none_or(|kept| kept.last_seen_at == last));
}

/// However many they are.
pub async fn all_sessions_of_one_user_end_and_nobody_elses(stores: &StaffStores, s: &Samples) {
    let (ana, budi) = (user(s, 0), user(s, 1));
    stores.sessions.delete_sessions_of(&ana).await.expect("none is no error");
    let sessions: Vec<_> = (0..20).map(|n| session(s, n, &ana)).collect();
    let others = session(s, 99, &budi);
    for session in sessions.iter().chain([&others]) {
        stores.sessions.insert_session(session.clone()).await.expect("inserted");
    }
    stores.sessions.delete_sessions_of(&ana).await.expect("deleted");
    for session in &sessions {
        assert_eq!(stores.sessions.session(&session.digest).await.expect("read"), None);
    }
    assert_eq!(stores.sessions.session(&others.digest).await.expect("read"), Some(others));
}

/// One that begins is there, whatever had to go for it.
pub async fn sessions_that_have_ended_do_not_pile_up_in_the_way(stores: &StaffStores, s: &Samples) {
    let ana = user(s, 0);
    for n in 0..200 {
        let short = session(s, n, &ana);
        let began = Timestamp::from_millis(1_000 + n as i64);
        let short =
            StaffSession { created_at: began, last_seen_at: began, expires_at: later(began, 1_000), ..short };
        stores.sessions.insert_session(short).await.expect("inserted");
    }
    let current = session(s, 500, &ana);
    stores.sessions.insert_session(current.clone()).await.expect("inserted");
    assert_eq!(stores.sessions.session(&current.digest).await.expect("read"), Some(current));
}
