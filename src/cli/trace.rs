//! Shows which host handed a message over, and why that is believed.

use std::io::Read as _;

use super::Session;
use super::flags::TraceArgs;
use crate::failure::{Exit, Failure};
use crate::trace::json::{Place, Record};
use crate::{intake, trace};

/// Runs the command.
pub(crate) fn run(args: TraceArgs, session: &mut Session) -> Result<Exit, Failure> {
    let trust = session.config.trust(&args.trust.trust)?;
    for file in &args.files {
        let mut octets = Vec::new();
        let input = file.to_string_lossy().into_owned();
        if input == "-" {
            std::io::stdin()
                .read_to_end(&mut octets)
                .map_err(|e| Failure::new(Exit::Io, "x").because(e))?;
        } else {
            octets = std::fs::read(file).map_err(|e| Failure::new(Exit::CannotOpen, "x").because(e))?;
        }
        let message = intake::read(octets, intake::Origin::single(input))
            .map_err(|e| Failure::new(Exit::NotAMessage, "x").because(e))?;
        let headers = message.headers();
        let traced = trace::follow(&headers, &trust, &session.rules);
        let place = Place {
            input: &message.origin().input,
            index: 0,
            offset: 0,
            octets: message.octets().len() as u64,
            sha256: None,
            repairs: message.repairs(),
        };
        let mut out = Vec::new();
        serde_json::to_writer(&mut out, &Record::new(place, &headers, &traced))
            .map_err(|e| Failure::bug(e.to_string()))?;
        out.push(b'\n');
        session.term.octets(&out);
    }
    Ok(Exit::Done)
}
