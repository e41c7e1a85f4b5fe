// SPDX-License-Identifier: LGPL-2.1-or-later
//! Defines a domain, starts it, sees it run, and reads its console, with D-Bus alone (the crate
//! dbus): `cargo run`; or offline, with Debian's librust-dbus-dev,
//! `cargo run --config source.crates-io.replace-with='"debian"'
//!            --config source.debian.directory='"/usr/share/cargo/registry"'`.
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::io::FromRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use dbus::arg::{OwnedFd, PropMap, Variant};
use dbus::blocking::stdintf::org_freedesktop_dbus::PropertiesPropertiesChanged;
use dbus::blocking::{Connection, Proxy};
use dbus::Path;

const SERVICE: &str = "org.vireo.Vireo1";
const MANAGER: &str = "org.vireo.Vireo1.Manager";
const CONNECTION: &str = "org.vireo.Vireo1.Connection";
const DOMAIN: &str = "org.vireo.Vireo1.Domain";
const LIMIT: Duration = Duration::from_secs(30);
const XML: &str = "<domain type='test'><name>rust</name><memory unit='KiB'>8192</memory>\
     <os><type>hvm</type></os><devices><console type='pty'/></devices></domain>";

fn object<'a>(bus: &'a Connection, path: &Path<'static>) -> Proxy<'a, &'a Connection> {
    bus.with_proxy(SERVICE, path.clone(), LIMIT)
}

/// Starts the domain, and returns when the service has said that it runs.
fn start(bus: &Connection, domain: &Proxy<&Connection>) -> Result<(), dbus::Error> {
    let running = Arc::new(AtomicBool::new(false));
    let seen = running.clone();
    let token = domain.match_signal(
        move |signal: PropertiesPropertiesChanged, _: &Connection, _: &dbus::Message| {
            if let Some(state) = signal.changed_properties.get("State").and_then(|s| s.0.as_str()) {
                println!("state: {}", state);
                seen.store(state == "running", Ordering::SeqCst);
            }
            true
        },
    )?;

    let () = domain.method_call(DOMAIN, "Start", (PropMap::new(),))?;
    while !running.load(Ordering::SeqCst) {
        bus.process(LIMIT)?;
    }
    domain.match_stop(token, true)
}

fn print_console(descriptor: OwnedFd) -> Result<(), std::io::Error> {
    // The descriptor came with the reply and is nobody else's.
    let mut console = unsafe { File::from_raw_fd(descriptor.into_fd()) };
    let mut text = String::new();
    let mut chunk = [0; 256];

    while !text.contains("Vireo test guest") || !text.ends_with("login: ") {
        let n = console.read(&mut chunk)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
    println!("console: {}", text.split("\r\n").nth(1).unwrap_or("-"));
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = Connection::new_system()?;
    let manager = object(&bus, &"/org/vireo/Vireo1".into());

    // Who asked for signals gets those about what they may read.
    let () = manager.method_call(MANAGER, "Subscribe", (PropMap::new(),))?;
    let (path,): (Path,) =
        manager.method_call(MANAGER, "OpenConnection", ("test:///default", PropMap::new()))?;
    let connection = object(&bus, &path);
    let (path,): (Path,) =
        connection.method_call(CONNECTION, "DefineDomain", (XML, PropMap::new()))?;
    let domain = object(&bus, &path);

    start(&bus, &domain)?;

    let (domains,): (HashMap<Path, HashMap<String, Variant<String>>>,) = connection.method_call(
        CONNECTION,
        "GetDomains",
        (vec!["Name", "State"], PropMap::new()),
    )?;
    for properties in domains.values() {
        println!("listed: {} {}", properties["Name"].0, properties["State"].0);
    }

    let (descriptor,): (OwnedFd,) =
        domain.method_call(DOMAIN, "OpenConsole", ("", PropMap::new()))?;
    print_console(descriptor)?;

    let absent: Result<(Path,), dbus::Error> =
        connection.method_call(CONNECTION, "LookupDomainByName", ("absent",));
    if let Err(error) = absent {
        if error.name() == Some("org.vireo.Vireo1.Error.NotFound") {
            println!("not found: True");
        }
    }

    let () = domain.method_call(DOMAIN, "Destroy", (PropMap::new(),))?;
    let () = domain.method_call(DOMAIN, "Undefine", (PropMap::new(),))?;
    Ok(())
}
