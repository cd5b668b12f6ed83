//! Opens changed and forged links until one is accepted: `links [NUMBER] [SEED]`, a million by default. Links that a
//! change left as they were do not count. Prints the seed, which makes the same links again, and the memory it took.

use fuzz::forged::{FORGERIES, Tally, open_many};

const DEFAULT_LINKS: u64 = 1_000_000;
/// How many links are opened before memory is measured for the first time.
const WARM_UP: u64 = 10_000;
/// How much more memory the rest may take, in KiB: what an allocator needs for a few long strings.
const MAX_GROWTH: u64 = 2048;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("usage: links [NUMBER] [SEED]"));
    let links = arguments.next().unwrap_or(DEFAULT_LINKS);
    let seed = arguments.next().unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut tallies = [Tally::default(); FORGERIES.len()];
    let changed = |tallies: &[Tally]| tallies.iter().map(|tally| tally.refused + tally.unreadable).sum::<u64>();
    let warm_up = links.min(WARM_UP);
    open_many(&mut rng, warm_up, &mut tallies);
    let before = peak_memory();
    while changed(&tallies) < links {
        let missing = links - changed(&tallies);
        open_many(&mut rng, missing, &mut tallies);
    }
    let after = peak_memory();
    println!("{:40}{:>10}{:>15}{:>11}", "", "refused", "unreadable", "unchanged");
    for ((name, _), Tally { refused, unreadable, unchanged }) in FORGERIES.iter().zip(&tallies) {
        println!("{name:40}{refused:>10}{unreadable:>15}{unchanged:>11}");
    }
    let unchanged: u64 = tallies.iter().map(|tally| tally.unchanged).sum();
    println!("{} changed links, none accepted; {unchanged} more were the same token", changed(&tallies));
    if let (Some(before), Some(after)) = (before, after) {
        println!("peak memory: {before} KiB after {warm_up} links, {after} KiB after {links}");
        assert!(after - before <= MAX_GROWTH, "memory grows");
    }
}

/// The peak of the process's resident memory, in KiB, where Linux reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
