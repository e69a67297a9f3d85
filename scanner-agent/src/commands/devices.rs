//! `scanner-agent devices`: which scanners SANE knows, and which answer on the network.

use anyhow::Context;

use super::Exit;
use crate::cli;
use crate::report::{print, print_json};
use crate::sane::capture::Helper;
use crate::sane::frames::DeviceFacts;
use crate::station;

pub fn run(args: &cli::Devices) -> anyhow::Result<Exit> {
    let devices = found()?;
    if args.json {
        print_json(&devices)?;
    } else if devices.is_empty() {
        print(
            "SANE knows no scanner, and none answers on the network. Is it switched on, and its driver listed in SANE's dll.conf?\n\
             One whose address is known needs no list: --device escl:http://ADDRESS/eSCL. To practise: --device folder:DIR.\n",
        )?;
    }
    for device in devices.iter().filter(|_| !args.json) {
        print(&format!("{}\t{} {} ({})\n", device.name, device.vendor, device.model, device.kind))?;
    }
    Ok(Exit::Done)
}

/// The scanners that there are now.
pub(super) fn found() -> anyhow::Result<Vec<DeviceFacts>> {
    let program = station::own_program().context("failed to find this program's own file")?;
    Helper::new(program, vec!["capture-helper".into()], station::sane_environment()).devices()
}
