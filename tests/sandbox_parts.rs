//! The sandbox's parts do what the tests of the whole program rely on.

use std::process::Command;

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use plaint::config::Config;

use crate::home::{EXAMPLES, Home};
use crate::net::{Internet, made_up};
use crate::player::Player;
use crate::{shift, traces};

#[test]
fn every_example_can_be_made_fresh_and_differs_in_its_dates_alone() {
    let now: Timestamp = "2031-03-01T12:00:00Z".parse().unwrap();
    for (name, octets) in EXAMPLES {
        let fresh = shift::to_ten_minutes_ago(octets, now).unwrap();
        let text = String::from_utf8(fresh).unwrap();
        assert!(text.contains("1 Mar 2031"), "{name}");
        let old = String::from_utf8(octets.to_vec()).unwrap();
        // Exchange folds inside its dates; the moved ones are not folded.
        if name != "newsletter.eml" {
            assert_eq!(old.lines().count(), text.lines().count(), "{name}");
        }
        let again = shift::to_ten_minutes_ago(text.as_bytes(), now).unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), text, "{name}");
    }
}

#[test]
fn moved_times_keep_their_distances_and_zones() {
    let mail = b"Received: a; Thu, 19 Nov 2026 21:28:05 +0000\nReceived: b;\n Thu, 19 Nov 2026 22:28:03 +0100\n";
    let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    let fresh = String::from_utf8(shift::to_ten_minutes_ago(mail, now).unwrap()).unwrap();
    assert_eq!(
        fresh,
        "Received: a; Sat, 21 Nov 2026 09:50:00 +0000\nReceived: b;\n Sat, 21 Nov 2026 10:49:58 +0100\n"
    );
    assert!(shift::to_ten_minutes_ago(b"Subject: x\n\n", now).is_err());
}

#[test]
fn a_home_has_settings_that_the_program_reads() {
    let internet = Internet::start(made_up()).unwrap();
    let home = Home::make(&internet, Timestamp::now()).unwrap();
    let config = Config::load(Some(&home.config())).unwrap();
    assert!(config.identity().unwrap().is_some());
    assert_eq!(config.lookup().unwrap().resolver, Some(internet.resolver()));
    assert!(!config.trust(&[]).unwrap().is_empty());
    let smtp = config.delivery.smtp.unwrap();
    assert_eq!(smtp.port, Some(internet.smtp().port()));
    assert!(smtp.ca_file.unwrap().exists());
}

#[test]
fn a_person_is_found_in_every_form_and_only_where_he_stands() {
    let own = ["robin@reed.example"];
    let mail = |body: &str| {
        let mail = format!(
            "From: robin@reed.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{body}\r\n"
        );
        traces::of(&own, mail.as_bytes())
    };
    assert_eq!(mail("nobody here, not even robin@read.example"), ["From"]);
    let mut forms: Vec<String> = [
        "Robin@Reed.example",
        "?x=robin%40reed.example&y",
        "bounce-1-robin=reed.example@x.example",
        "rob=\r\nin@reed.example",
        "robin&#64;reed.example",
        "726f62696e40726565642e6578616d706c65",
        "elpmaxe.deer@nibor",
    ]
    .map(str::to_owned)
    .to_vec();
    for before in ["", "u", "u=", "to:"] {
        forms.push(BASE64.encode(format!("{before}robin@reed.example/").as_bytes()));
    }
    for form in forms {
        assert_eq!(mail(&form), ["From", "body"], "{form}");
    }
    let inner = "MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let packed = BASE64.encode("Dear robin@reed.example,".as_bytes());
    let outer = format!(
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n{inner}{packed}\r\n"
    );
    assert_eq!(traces::of(&own, outer.as_bytes()), ["body"]);
}

#[test]
fn a_player_sees_types_and_learns_how_it_ended() {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "test -t 0 || exit 9; printf 'type \\033[1mK7\\033[0m: '; read x; echo \"<$x>\"; exit 3",
    ]);
    let begun = Timestamp::now();
    let mut player = Player::start(command).unwrap();
    assert!(player.pid() > 0);
    let code = player.wait_for(r"type (\w+):").unwrap();
    player.type_line(&code).unwrap();
    player.wait_for("<K7>").unwrap();
    let ending = player.finish().unwrap();
    assert_eq!(ending.code, Some(3));
    assert!(ending.screen.starts_with("type K7: "), "{}", ending.screen);
    assert!(Timestamp::now().duration_since(begun) < SignedDuration::from_secs(20));
}
