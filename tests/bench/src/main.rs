//! The speed of the release functions in comparison with an empty one. README.md says how to run it, and explains the
//! figures.

mod arguments;
mod cloud;
mod lambda;
mod rounds;
mod table;
mod tls;

use arguments::Arguments;
use clap::Parser;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments = Arguments::parse();
    let figures = rounds::run(&arguments).await;
    print!("{}", table::of(&arguments, &figures));
}
