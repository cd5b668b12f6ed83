//! Both functions and the AWS that they need, on one machine: for demos, for development, and for the tests.
//!
//! [`Sandbox::start`] serves everything on one loopback address. The functions are the same library types that run in
//! Lambda, with the same SDK clients, pointed at [`aws`] by endpoint. In a [`simulation`] the same parts run without
//! sockets and in simulated time, and every call can be made to fail.

pub mod aws;
pub mod clock;
pub mod codepipeline;
mod demo;
mod deployment;
pub mod evidence;
mod functions;
mod gateway;
mod keys;
mod lambda;
mod lock;
mod metrics;
mod moment;
mod pages;
mod replay;
mod sandbox;
pub mod simulation;
mod web;

pub use clock::SandboxClock;
pub use demo::DEMO_MEMBERS;
pub use deployment::{
    ACCOUNTS, CALLBACK_KEY, CALLBACK_ROLE, CONFIGURATION_SET, EMAIL_QUEUE, Members, NOTIFIER_KEY, NOTIFIER_ROLE,
    POLICY, ROLE_PREFIX, TABLE, key_policy, table_policy,
};
pub use lambda::Failure;
pub use sandbox::{Options, Sandbox, StartError};
