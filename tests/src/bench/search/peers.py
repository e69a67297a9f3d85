"""The same pages and queries in other search engines, for the table of `scripts/bench search`.

    peers.py DIR PEER PAGES

DIR has pages.tsv (number, text) and queries.tsv (class, words). PEER is fts5, xapian or whoosh. Prints one JSON line:
pages a processor second, bytes a page, and p50 and p99 of each class in microseconds of processor time. A query is asked
for its ten best pages and the count of all; nothing is warmed up for one that is not for the other.
"""

import json
import os
import sys
import time

LEAST = 10


def pages(folder, most):
    with open(os.path.join(folder, "pages.tsv"), encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number == most:
                return
            yield number, line.rstrip("\n").split("\t", 1)[1]


def queries(folder):
    with open(os.path.join(folder, "queries.tsv"), encoding="utf-8") as lines:
        for line in lines:
            kind, words = line.rstrip("\n").split("\t")
            yield kind, words.split(" ")


class Fts5:
    def __init__(self, folder):
        import sqlite3

        self.base = sqlite3.connect(os.path.join(folder, "pages.db"))
        self.base.execute("CREATE VIRTUAL TABLE page USING fts5(body, content='')")

    def put(self, number, text):
        self.base.execute("INSERT INTO page (rowid, body) VALUES (?, ?)", (number + 1, text))

    def commit(self):
        self.base.commit()

    def ask(self, kind, words):
        match = '"' + " ".join(words) + '"' if kind == "phrase" else " ".join(f'"{word}"' for word in words)
        best = "SELECT rowid FROM page WHERE page MATCH ? ORDER BY rank LIMIT ?"
        self.base.execute(best, (match, LEAST)).fetchall()
        return self.base.execute("SELECT count(*) FROM page WHERE page MATCH ?", (match,)).fetchone()[0]


class Xapian:
    def __init__(self, folder):
        import xapian

        self.xapian = xapian
        self.base = xapian.WritableDatabase(folder, xapian.DB_CREATE_OR_OPEN)
        self.terms = xapian.TermGenerator()

    def put(self, number, text):
        document = self.xapian.Document()
        self.terms.set_document(document)
        self.terms.index_text(text)
        self.base.add_document(document)

    def commit(self):
        self.base.commit()

    def ask(self, kind, words):
        how = self.xapian.Query.OP_PHRASE if kind == "phrase" else self.xapian.Query.OP_AND
        enquire = self.xapian.Enquire(self.base)
        enquire.set_query(self.xapian.Query(how, words))
        return enquire.get_mset(0, LEAST, self.base.get_doccount()).get_matches_estimated()


class Whoosh:
    def __init__(self, folder):
        from whoosh import fields, index, qparser

        self.index = index.create_in(folder, fields.Schema(number=fields.STORED, body=fields.TEXT))
        self.writer = self.index.writer(limitmb=256)
        self.parser = qparser.QueryParser("body", self.index.schema)
        self.searcher = None

    def put(self, number, text):
        self.writer.add_document(number=number, body=text)

    def commit(self):
        self.writer.commit()
        self.searcher = self.index.searcher()

    def ask(self, kind, words):
        text = '"' + " ".join(words) + '"' if kind == "phrase" else " ".join(words)
        return len(self.searcher.search(self.parser.parse(text), limit=LEAST))


def size(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def main():
    folder, peer, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
    own = os.path.join(folder, peer)
    os.mkdir(own)
    engine = {"fts5": Fts5, "xapian": Xapian, "whoosh": Whoosh}[peer](own)
    started, count = time.process_time(), 0
    for number, text in pages(folder, most):
        engine.put(number, text)
        count += 1
    engine.commit()
    said = {"peer": peer, "pages": count, "pages_per_cpu_s": count / (time.process_time() - started)}
    said["bytes_per_page"] = size(own) / count
    took = {}
    for kind, words in queries(folder):
        started = time.process_time()
        engine.ask(kind, words)
        took.setdefault(kind, []).append((time.process_time() - started) * 1e6)
    for kind, values in took.items():
        values.sort()
        said[kind] = {"p50": values[len(values) // 2], "p99": values[int((len(values) - 1) * 0.99)]}
    print(json.dumps(said))


main()
