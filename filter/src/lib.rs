//! The proxy-wasm shell: Envoy's callbacks become inputs of the gate, the gate's effects become hostcalls.
//!
//! Knows proxy-wasm and Envoy's quirks; decides nothing.

#![allow(missing_docs, reason = "the SDK's macro writes the module's entry point, without documentation")]

mod host;
mod metrics;
mod root;
mod stream;

use proxy_wasm::types::LogLevel;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(root::Root::default()));
}}
