//! The measurements as a Markdown table: medians, with their ratio to the floor in brackets.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::lambda::Start;
use crate::rounds::{Calls, FAR, Figures, Subject, median};

pub fn of(arguments: &Arguments, figures: &Figures) -> String {
    let mut text = format!(
        "Medians of {} starts and of {} rounds of answers; in brackets, how many times the floor's.\n\n",
        arguments.cold, arguments.warm
    );
    text += "| | ready | ready and first answer | CPU time for that | over TLS | CPU time for that |\n|---|---|---|---|---|---|\n";
    for (subject, starts) in &figures.starts {
        let of = |starts: &[Start], pick: fn(&Start) -> Duration| {
            let ours = median(&starts.iter().map(pick).collect::<Vec<_>>());
            let floor = median(&figures.starts[&Subject::Floor].iter().map(pick).collect::<Vec<_>>());
            times(ours, floor)
        };
        let secure = &figures.tls_starts[subject];
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            name(subject),
            of(starts, |start| start.ready),
            of(starts, |start| start.answered),
            of(starts, |start| start.cpu),
            of(secure, |start| start.answered),
            of(secure, |start| start.cpu),
        );
    }
    let _ = write!(
        text,
        "\n| | warm answer | of which AWS | CPU time for it | with AWS {} ms away | peak memory at first | at the end |\n|---|---|---|---|---|---|---|\n",
        FAR.as_millis()
    );
    for subject in figures.warm.keys() {
        let of = |figures: &BTreeMap<Subject, Vec<Duration>>| {
            times(median(&figures[subject]), median(&figures[&Subject::Floor]))
        };
        let far = figures.far.get(subject).map(|far| {
            let far_away = milliseconds(median(far));
            match subject {
                Subject::Event(_) => {
                    let one = median(&figures.far[&Subject::Event(1)]);
                    format!("{far_away} ({:.1}× one approver's)", ratio(median(far), one))
                }
                _ => far_away,
            }
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            name(subject),
            of(&figures.warm),
            milliseconds(median(&figures.busy[subject])),
            of(&figures.cpu),
            far.unwrap_or_default(),
            memory(figures, subject, |(first, _)| first),
            memory(figures, subject, |(_, end)| end),
        );
    }
    text += "\n| | binary, bytes | zip, bytes |\n|---|---|---|\n";
    for file in ["floor", "callback", "notifier"] {
        let size =
            |path: std::path::PathBuf| std::fs::metadata(path).map_or("?".to_owned(), |file| file.len().to_string());
        let (binary, zip) =
            (size(arguments.binaries.join(file)), size(arguments.zips.join(file).with_extension("zip")));
        let _ = writeln!(text, "| {file} | {binary} | {zip} |");
    }
    text += "\n| | AWS calls until the first answer | AWS calls for each further answer |\n|---|---|---|\n";
    for (subject, Calls { first, rest, answers }) in &figures.calls {
        let _ = writeln!(text, "| {} | {} | {} |", name(subject), listed(first, 1), listed(rest, *answers));
    }
    text
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Floor => "floor: an empty function".to_owned(),
        Subject::Show => "callback: GET of a link".to_owned(),
        Subject::Decide => "callback: POST of a decision".to_owned(),
        Subject::Event(1) => "notifier: event, 1 approver".to_owned(),
        Subject::Event(approvers) => format!("notifier: event, {approvers} approvers"),
        Subject::Peer(name) => name.clone(),
    }
}

fn memory(figures: &Figures, subject: &Subject, pick: fn((u64, u64)) -> u64) -> String {
    let of = |subject| median(&figures.memory[subject].iter().copied().map(pick).collect::<Vec<_>>());
    let (ours, floor) = (of(subject), of(&Subject::Floor));
    format!("{:.1} MB ({:.1}×)", ours as f64 * 1024e-6, ours as f64 / floor as f64)
}

fn times(ours: Duration, floor: Duration) -> String {
    format!("{} ({:.1}×)", milliseconds(ours), ratio(ours, floor))
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// The calls by operation, with the average number of each.
fn listed(calls: &[String], answers: usize) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        *counts.entry(call).or_default() += 1;
    }
    let each = |number: usize| format!("{}", (number as f64 / answers as f64 * 10.0).round() / 10.0);
    let list: Vec<String> = counts.iter().map(|(call, number)| format!("{call} {}", each(*number))).collect();
    format!("{}: {}", each(calls.len()), list.join(", "))
}
