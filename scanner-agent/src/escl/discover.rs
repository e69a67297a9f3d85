//! Which eSCL scanners are on this network? Asked by multicast DNS (RFC 6762) and DNS service discovery (RFC 6763).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};

use crate::drive::facts;
use crate::sane::frames::DeviceFacts;

const SERVICE: &str = "_uscan._tcp.local.";
/// Scanners answer within a second; some are asleep.
const LISTEN: Duration = Duration::from_millis(2_500);

/// None where nobody answers, and where this machine has no network to ask in.
pub fn devices() -> Vec<DeviceFacts> {
    let Ok(daemon) = ServiceDaemon::new() else { return Vec::new() };
    let until = Instant::now() + LISTEN;
    let mut found: Vec<DeviceFacts> = Vec::new();
    if let Ok(events) = daemon.browse(SERVICE) {
        while let Ok(event) = events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if let ServiceEvent::ServiceResolved(service) = event {
                found.extend(device(&service));
            }
        }
    }
    // The process ends soon, and the daemon's thread with it.
    let _ = daemon.shutdown();
    found.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    found.dedup_by(|one, other| one.name == other.name);
    found
}

fn device(service: &ResolvedService) -> Option<DeviceFacts> {
    let said = |key: &str| service.get_property_val_str(key).unwrap_or_default();
    let addresses = || service.get_addresses().iter().map(|address| address.to_ip_addr());
    // A link-local address of IPv6 is of no use without its interface.
    let address = addresses().find(IpAddr::is_ipv4).or_else(|| addresses().next())?;
    let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let path = match said("rs").trim_matches('/') {
        "" => "eSCL",
        path => path,
    };
    let kind = if said("is").contains("adf") { "feeder on the network" } else { "flatbed on the network" };
    Some(facts(format!("escl:http://{host}:{}/{path}", service.get_port()), said("ty"), kind))
}
