//! Which pages name another patient than their document's index?

use crate::ledger::{Ledger, document, fields, page};
use crate::{Fresh, on_both};

on_both! {
    a_page_of_another_patient_raises_an_alarm_until_it_is_filed_right
    spellings_of_one_number_agree
    a_dismissal_holds_for_what_was_looked_at
    a_name_and_birth_date_alarm_where_they_are_one_patients
    alarms_are_the_same_after_folding_again
}

async fn numbers(fresh: &Fresh) -> Vec<u32> {
    let found = fresh.catalog.wrong_patients(0, 10).await.expect("answers");
    assert_eq!(fresh.catalog.wrong_patient_count().await, Ok(found.len() as u64));
    found.iter().map(|alarm| alarm.number).collect()
}

fn filed(mrn: &str) -> record::IndexFields {
    fields(Some(mrn), &[])
}

async fn a_page_of_another_patient_raises_an_alarm_until_it_is_filed_right(fresh: Fresh) {
    let mut ledger = Ledger::default();
    ledger.seal("d", 1, &[1, 2, 3], filed("MRN-1"));
    ledger.says("d", 1, Some("MRN-1"), None).says("d", 2, Some("MRN-2"), None).read("d", 3);
    ledger.apply(&fresh.catalog).await;
    let alarms = fresh.catalog.wrong_patients_in(document("d")).await.expect("answers");
    assert_eq!(alarms.len(), 1);
    assert_eq!((alarms[0].page, alarms[0].version, alarms[0].mrn.reveal()), (page("d", 2), 1, "MRN-2"));
    ledger.seal("d", 2, &[1, 2, 3], filed("MRN-2")).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [1], "filed anew, the other page is the stranger");
    ledger.seal("d", 3, &[2, 3], filed("MRN-2")).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [0_u32; 0], "the page is withdrawn");
    ledger.seal("d", 4, &[2, 3], fields(None, &[])).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [0_u32; 0], "without a patient nothing is wrong");
}

async fn spellings_of_one_number_agree(fresh: Fresh) {
    let mut ledger = Ledger::default();
    ledger.seal("d", 1, &[1, 2], filed("MRN-432956"));
    ledger.says("d", 1, Some("43-29-56"), None).says("d", 2, Some("432957"), None).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [2]);
}

async fn a_dismissal_holds_for_what_was_looked_at(fresh: Fresh) {
    let mut ledger = Ledger::default();
    ledger.seal("d", 1, &[1], filed("MRN-1")).says("d", 1, Some("MRN-2"), None);
    ledger.dismiss("d", 7, 1).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [1], "another version was looked at");
    ledger.dismiss("d", 1, 1).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [0_u32; 0]);
    ledger.says("d", 1, Some("MRN-2"), None).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [0_u32; 0], "read again, it says the same");
    ledger.says("d", 1, Some("MRN-3"), None).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [1], "it says something else now");
    ledger.dismiss("d", 1, 1).seal("d", 2, &[1], filed("MRN-4")).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [1], "it is filed for somebody else now");
}

async fn a_name_and_birth_date_alarm_where_they_are_one_patients(fresh: Fresh) {
    let mut ledger = Ledger::default();
    ledger.patients(&[
        ("MRN-1", "Ida Storm"),
        ("MRN-2", "OAKES, Barnaby"),
        ("MRN-3", "Ann Lee"),
        ("MRN-4", "Lee, Ann"),
    ]);
    ledger.seal("d", 1, &[1, 2, 3, 4], filed("MRN-1"));
    ledger.says("d", 1, None, Some("ida storm")).says("d", 2, None, Some("barnaby oakes"));
    ledger.says("d", 3, None, Some("ann lee")).says("d", 4, None, Some("nobody listed")).apply(&fresh.catalog).await;
    assert_eq!(numbers(&fresh).await, [2], "two patients of one name and birth date are nobody");
    let alarms = fresh.catalog.wrong_patients_in(document("d")).await.expect("answers");
    assert_eq!(alarms[0].mrn.reveal(), "MRN-2");
}

async fn alarms_are_the_same_after_folding_again(fresh: Fresh) {
    let ledger = Ledger::everything();
    ledger.apply(&fresh.catalog).await;
    let dump = fresh.catalog.dump().await.expect("dumps");
    assert!(dump.iter().any(|line| line.starts_with("page_identities")), "there is one to lose");
    fresh.catalog.clear().await.expect("clears");
    ledger.apply(&fresh.catalog).await;
    assert_eq!(fresh.catalog.dump().await.expect("dumps"), dump);
}
