// Command fsck reads a whole log with the code of Go's checksum database, and nothing of Chartroom's: the signature of its
// checkpoint, every hash up to the root, every entry.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run fsck.go STORE LOG_KEY_FILE
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// tiles reads C2SP's names, which are Go's without the height.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		bytes, err := t.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes[:min(len(bytes), tile.W*tlog.HashSize)])
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// read gives a tile, or the full one that has taken its place.
func (t tiles) read(name string) ([]byte, error) {
	bytes, err := os.ReadFile(filepath.Join(t.folder, name))
	if os.IsNotExist(err) {
		if full, _, found := strings.Cut(name, ".p/"); found {
			return os.ReadFile(filepath.Join(t.folder, full))
		}
	}
	return bytes, err
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func check(store, keyFile string) (int64, error) {
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return 0, err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return 0, err
	}
	signed, err := os.ReadFile(filepath.Join(store, "log/checkpoint"))
	if err != nil {
		return 0, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return 0, err
	}
	// Go's trees bear another first line.
	lines := strings.SplitN(opened.Text, "\n", 2)
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
	if err != nil {
		return 0, err
	}
	source := tiles{filepath.Join(store, "log")}
	return tree.N, entries(source, tree)
}

// entries holds every entry against its hash, which ReadHashes holds against the root.
func entries(source tiles, tree tlog.Tree) error {
	reader := tlog.TileHashReader(tree, source)
	for first := int64(0); first < tree.N; first += 1 << height {
		width := min(1<<height, int(tree.N-first))
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: width}
		name := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		bundle, err := source.read(name)
		if err != nil {
			return err
		}
		var indexes []int64
		for n := first; n < first+int64(width); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for n, hash := range hashes {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("%s ends in entry %d", name, n)
			}
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:length]) != hash {
				return fmt.Errorf("%s: entry %d is not the one of the tree", name, n)
			}
			bundle = bundle[length:]
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "fsck wants STORE LOG_KEY_FILE")
		os.Exit(2)
	}
	size, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(size, "entries are sound")
}
