//! What a person reads before he agrees, and what a desk reads, for each kind of mail, in both languages.

use plaint::complaint::{Answer, Complaint, Says, preview};
use plaint::contact::{Role, Suspect};
use plaint::evidence::Kind;

use crate::complaint::{Scene, desk};

/// Returns all previews as they stand below one another, then the first text once more, in German.
fn read(mut scene: Scene) -> String {
    let complaints = scene.draft();
    let shown = preview::Shown::of(&complaints);
    let previews: Vec<String> = complaints.iter().map(|one| shown.text(one)).collect();
    scene.options.language = "de".to_owned();
    let german = scene.draft();
    let heads: Vec<&str> = german.iter().map(above_header).collect();
    let subject = &german[0].subject;
    format!(
        "{}\n===== {subject}\n{}",
        previews.concat(),
        heads.join("\n=====\n")
    )
}

/// Returns what stands above the quoted header section.
fn above_header(complaint: &Complaint) -> &str {
    complaint.text.split("\n* * *\n").next().unwrap()
}

#[test]
fn a_newsletter_is_told_to_the_network_and_to_the_mail_service() {
    let mut scene = Scene::of(include_str!("data/preview/newsletter.eml"));
    assert_eq!(scene.evidence.kind, Kind::Newsletter);
    scene.options.answer = Some(Answer {
        says: Says::NeverAsked,
        on: "2026-11-21".parse().unwrap(),
    });
    insta::assert_snapshot!(read(scene));
}

#[test]
fn a_hostile_program_is_named_and_does_not_go_along() {
    let scene = Scene::of(include_str!("data/preview/malware.eml"));
    assert_eq!(scene.evidence.kind, Kind::Malware);
    insta::assert_snapshot!(read(scene));
}

#[test]
fn a_phishing_page_is_told_to_its_host_and_its_registrar() {
    let mut scene = Scene::of(include_str!("data/preview/phishing.eml"));
    assert_eq!(scene.evidence.kind, Kind::Phishing);
    scene.found.push((
        Suspect::Host("www.parcel-check.example".to_owned()),
        Role::Hosting,
        desk("abuse@host.example.net", Role::Hosting),
    ));
    scene.found.push((
        Suspect::Domain("parcel-check.example".to_owned()),
        Role::Registrar,
        desk("abuse@registrar.example.net", Role::Registrar),
    ));
    insta::assert_snapshot!(read(scene));
}

#[test]
fn a_promised_fortune_is_told_to_the_provider_of_its_drop_box() {
    let mut scene = Scene::of(include_str!("data/preview/advance-fee.eml"));
    assert_eq!(scene.evidence.kind, Kind::AdvanceFee);
    scene.found.push((
        Suspect::Domain("quickpost.example".to_owned()),
        Role::Provider,
        desk("abuse@quickpost.example", Role::Provider),
    ));
    insta::assert_snapshot!(read(scene));
}

#[test]
fn the_server_that_bounced_a_forged_mail_is_not_ticked() {
    let scene = Scene::of(include_str!("data/preview/backscatter.eml"));
    assert!(scene.draft().iter().all(|one| !one.desk.ticked));
    insta::assert_snapshot!(read(scene));
}
