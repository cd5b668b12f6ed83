//! Sends changed and forged links until one is accepted: `links [NUMBER] [SEED]`, a million unless said otherwise; those
//! that a change left as they were do not count. It prints the seed, which makes the same links again, and says how much
//! memory it took.

use fuzz::ground::ground;
use fuzz::mutant::{Fate, KINDS, Mutator, send};

/// How many links there are, unless said otherwise.
const LINKS: u64 = 1_000_000;
/// How many are sent before memory is measured for the first time.
const WARM_UP: u64 = 10_000;
/// How much more memory the others may take, in KiB: what an allocator needs for a few long strings, and no more.
const MORE: u64 = 2048;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("links [NUMBER] [SEED]"));
    let links = arguments.next().unwrap_or(LINKS);
    let seed = arguments.next().unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}");
    let mut mutator = Mutator::new(&ground().tokens, seed);
    let mut fates = [Fate::default(); KINDS.len()];
    let warm_up = links.min(WARM_UP);
    send(ground(), &mut mutator, warm_up, &mut fates);
    let before = most_memory();
    while changed(&fates) < links {
        let missing = links - changed(&fates);
        send(ground(), &mut mutator, missing, &mut fates);
    }
    let after = most_memory();
    println!("{:40}{:>10}{:>15}{:>11}", "", "refused", "misunderstood", "unchanged");
    for ((name, _), Fate { refused, misunderstood, unchanged }) in KINDS.iter().zip(&fates) {
        println!("{name:40}{refused:>10}{misunderstood:>15}{unchanged:>11}");
    }
    let unchanged: u64 = fates.iter().map(|fate| fate.unchanged).sum();
    println!("{} changed links, none accepted; {unchanged} more were the same token", changed(&fates));
    if let (Some(before), Some(after)) = (before, after) {
        println!("the most memory: {before} KiB after {warm_up} links, {after} KiB after {links}");
        assert!(after - before <= MORE, "memory grows");
    }
}

fn changed(fates: &[Fate]) -> u64 {
    fates.iter().map(|fate| fate.refused + fate.misunderstood).sum()
}

/// The most memory that the process has had resident, in KiB, where Linux tells it.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
