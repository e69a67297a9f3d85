#!/usr/bin/env python3
"""An auditor who has a copy of the bucket, the keys and public tools, and nothing of Chartroom's.

    audit.py STORE LOG_KEY_FILE STATIONS_FILE [OLD_CHECKPOINT]

Other people's code does the cryptography: `aics_tlog` (PyPI) the log, `sha256sum` every object, `openssl` the stations'
signatures. What is left is reading JSON. Prints one line for each thing that is wrong, `CODE WHAT`, and ends with 1; or what
it has proven, and ends with 0.
"""
import base64
import collections
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import aics_tlog as tlog

TEN_MINUTES = 10 * 60 * 1000
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what openssl wants before the 32 bytes
findings = []


def find(code, what):
    findings.append(code)
    print(code, what)


def the_log(store, key, old):
    """Every event, once the whole tree has been held against the signed checkpoint."""
    reader = tlog.FileSystemTileReader(store / "log")
    note = tlog.parse_note((store / "log/checkpoint").read_bytes())
    if not tlog.verify_checkpoint(note, key).ok:
        find("checkpoint-wrong", "log/checkpoint is not signed by the key")
    head = tlog.parse_checkpoint(note.text)
    if old is not None:
        before(reader, key, old, head)
    try:
        tlog.audit_tiles(reader, head.size, head.root)
    except (tlog.TileVerificationError, tlog.TileMissingError) as error:
        find("entries-wrong", error)
        return [], head
    return [json.loads(tlog.read_entry(reader, index, head.size)) for index in range(head.size)], head


def before(reader, key, old, head):
    """Does the log still contain what was seen of it earlier?"""
    note = tlog.parse_note(old.read_bytes())
    if not tlog.verify_checkpoint(note, key).ok:
        sys.exit("the older checkpoint is not signed by the key")
    seen = tlog.parse_checkpoint(note.text)
    if seen.size > head.size:
        return find("rolled-back", f"{head.size} events are here, {seen.size} were seen")
    proof = tlog.consistency_proof_from_tiles(reader, seen.size, head.size)
    if not tlog.verify_consistency(seen.size, head.size, seen.root, head.root, proof):
        find("split-view", "the log does not continue what was seen of it")


def the_objects(store, family):
    """Names of a family's objects; each must be its own SHA-256."""
    files = sorted(path for path in (store / family / "sha256").rglob("*") if path.is_file())
    listed = "".join(f"{path.name}  {path}\n" for path in files)
    said = subprocess.run(["sha256sum", "--check", "--quiet"], input=listed, capture_output=True, text=True)
    for line in said.stdout.splitlines():
        find(f"{family[:-1]}-wrong", line)
    return {path.name: path for path in files}


def hexes(digest):
    return digest.removeprefix("sha256:")


def the_destroyed(events, blobs):
    """Documents that one person proposed to destroy and another ordered to be, and the objects that may not be there any more."""
    proposed, approved, done, objects = {}, {}, set(), {}
    for index, event in enumerate(events):
        kind, actor = event["event"], event["actor"]
        if kind["type"] == "destruction-proposed":
            proposed.setdefault(kind["destruction"], (actor, kind["body"]))
        elif kind["type"] == "destruction-withdrawn":
            proposed[kind["destruction"]] = None
        elif kind["type"] == "destroyed":
            done.add(kind["destruction"])
        elif kind["type"] == "destruction-approved":
            who, body = proposed.get(kind["destruction"]) or (actor, None)
            order = record(blobs, kind["body"])
            if who == actor or "system" in (who, actor) or order is None or order["proposal"] != body:
                find("destruction-wrong", f"event {index}")
                continue
            proposed[kind["destruction"]] = None
            for document in record(blobs, body)["documents"]:
                approved.setdefault(document["document"], index)
            names = {hexes(digest) for digest in order["manifests"] + order["blobs"]}
            objects[kind["destruction"]] = names
    return approved, set().union(*(names for destruction, names in objects.items() if destruction in done))


def record(blobs, digest):
    path = blobs.get(hexes(digest)) if digest else None
    return json.loads(path.read_bytes()) if path else None


def the_story(events, manifests, blobs):
    """Do versions and times follow, and is everything there? Returns the manifests that were sealed, by document."""
    latest, newest, sealed = 0, collections.Counter(), []
    destroyed, forbidden = the_destroyed(events, blobs)
    needed = set()
    for index, event in enumerate(events):
        if event["at"] < latest - TEN_MINUTES:
            find("back-dated", f"event {index}")
        latest = max(latest, event["at"])
        kind = event["event"]
        if destroyed.get(kind.get("document"), index) < index and kind["type"] == "sealed":
            find("resurrected", f"document {kind['document']}, which was destroyed, by event {index}")
        if kind.get("document") in destroyed:
            continue
        for name in ("body", "text", "signed"):
            needed.add(hexes(kind.get(name, "")))
            if name in kind and hexes(kind[name]) not in blobs:
                find("blob-missing", f"{kind[name]} of event {index}")
        if kind["type"] == "sealed":
            if kind["version"] < newest[kind["document"]]:
                find("resurrected", f"version {kind['version']} of {kind['document']} by event {index}")
            newest[kind["document"]] = max(newest[kind["document"]], kind["version"])
            sealed.append((event, kind))
    for event, kind in sealed:
        path = manifests.get(hexes(kind["manifest"]))
        if path is None:
            find("manifest-missing", kind["manifest"])
            continue
        manifest = json.loads(path.read_bytes())
        if abs(manifest["created"] - event["at"]) > TEN_MINUTES:
            find("back-dated", f"manifest {kind['manifest']}")
        for blob in [page["image"] for page in manifest["pages"]] + [manifest["index"]]:
            needed.add(hexes(blob["digest"]))
            if hexes(blob["digest"]) not in blobs:
                find("blob-missing", blob["digest"])
        kind["pages"] = [page["image"]["digest"] for page in manifest["pages"]]
    named = {hexes(kind["manifest"]) for _, kind in sealed}
    for name in (forbidden - needed) & (manifests.keys() | blobs.keys()):
        find("destroyed-but-present", name)
    for name in manifests.keys() - named - forbidden:
        find("unlogged", f"manifest {name}")
    return [kind for _, kind in sealed if "pages" in kind and isinstance(kind["pages"], list)]


def the_stations(events, sealed, blobs, stations):
    """Did a station that we know sign for the pages of every document?"""
    signed = {}
    for index, event in enumerate(events):
        kind = event["event"]
        if kind["type"] == "station-recorded" and hexes(kind["station"]) not in stations:
            find("station-unknown", f"enrolled by event {index}")
        if kind["type"] != "batch-recorded" or "signed" not in kind or hexes(kind["signed"]) not in blobs:
            continue
        envelope = json.loads(blobs[hexes(kind["signed"])].read_bytes())
        signature = envelope["signatures"][0]
        if signature["keyid"] not in stations:
            find("station-unknown", f"envelope of event {index}")
        elif not openssl(stations[signature["keyid"]], envelope, signature["sig"]):
            find("capture-wrong", f"envelope of event {index}")
        else:
            for document in json.loads(base64.b64decode(envelope["payload"]))["documents"]:
                signed[document["document"]] = document["pages"]
    for kind in sealed:
        if kind["document"] not in signed:
            find("capture-unsigned", f"document {kind['document']}")
        elif signed[kind["document"]] != kind["pages"]:
            find("capture-wrong", f"version {kind['version']} of document {kind['document']}")


def openssl(key, envelope, signature):
    """DSSE's pre-authentication encoding, checked with `openssl pkeyutl`."""
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "key").write_bytes(ED25519_SPKI + key)
        (folder / "signed").write_bytes(signed)
        (folder / "signature").write_bytes(base64.b64decode(signature))
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", folder / "key"]
        command += ["-in", folder / "signed", "-sigfile", folder / "signature"]
        return subprocess.run(command, capture_output=True).returncode == 0


def known(file):
    """The stations' keys by their SHA-256."""
    lines = [line.strip() for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
    keys = [base64.b64decode(line.split("+", 1)[1]) for line in lines]
    return {hashlib.sha256(key).hexdigest(): key for key in keys}


def prove_a_page(store, events, head, sealed):
    """One page, from the signed root down to its bytes."""
    kind = sealed[-1]
    index = next(index for index, event in enumerate(events) if event["event"].get("manifest") == kind["manifest"])
    reader = tlog.FileSystemTileReader(store / "log")
    leaf = tlog.read_entry(reader, index, head.size)
    proof = tlog.inclusion_proof_from_tiles(reader, index, head.size)
    if not tlog.verify_leaf_inclusion(leaf, index, head.size, proof, head.root):
        return find("entries-wrong", f"event {index}")
    print(f"proven: page {kind['pages'][0]} of document {kind['document']} by event {index} of {head.size}")


def main():
    store, key, stations = map(pathlib.Path, sys.argv[1:4])
    key = tlog.parse_vkey(key.read_text().strip())
    old = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None
    events, head = the_log(store, key, old)
    manifests, blobs = the_objects(store, "manifests"), the_objects(store, "blobs")
    # Events that nobody signed tell nothing.
    sealed = the_story(events, manifests, blobs) if events else []
    the_stations(events, sealed, blobs, known(stations))
    if not findings:
        prove_a_page(store, events, head, sealed)
    sys.exit(bool(findings))


main()
