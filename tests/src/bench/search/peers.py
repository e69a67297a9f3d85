"""The same pages and queries in other search engines, for the table of `scripts/bench search`.

    peers.py DIR PEER PAGES

DIR has pages.tsv (number, text) and queries.tsv (class, words). PEER is fts5, postgresql, xapian or whoosh. Prints one JSON line:
pages a processor second, bytes a page, and p50 and p99 of each class in microseconds of processor time. A query is asked
for its ten best pages and the count of all; nothing is warmed up for one that is not for the other.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
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


class PostgreSQL:
    """A server of its own, a table with a GIN index over its words, ranked by ts_rank. Its time is that of the one process
    that answers, which Linux counts in nanoseconds."""

    def __init__(self, folder):
        programs = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda at: int(at.split("/")[4]))
        self.folder, self.home = folder, tempfile.mkdtemp()
        shutil.chown(self.home, "postgres")
        self.owner = ["runuser", "-u", "postgres", "--"]
        self.control = os.path.join(programs, "pg_ctl")
        self.data = os.path.join(self.home, "data")
        init = [os.path.join(programs, "initdb"), "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        self.run(init + ["-D", self.data])
        how = f"-k {self.home} -c listen_addresses= -c fsync=off -c max_parallel_workers_per_gather=0"
        self.run([self.control, "-D", self.data, "-w", "-o", how, "-l", os.path.join(self.home, "log"), "start"])
        client = [os.path.join(programs, "psql"), "-h", self.home, "-U", "postgres", "-q", "-A", "-t"]
        self.client = subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process = self.sql("SELECT pg_backend_pid()")[0]
        self.rows = open(os.path.join(folder, "rows.tsv"), "w+", encoding="utf-8")

    def run(self, words):
        subprocess.run(self.owner + words, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def sql(self, text):
        self.client.stdin.write(f"{text};\n\\echo done\n")
        self.client.stdin.flush()
        return [line.strip() for line in iter(self.client.stdout.readline, "done\n")]

    def cpu(self):
        with open(f"/proc/{self.process}/schedstat", encoding="ascii") as times:
            return int(times.read().split()[0]) / 1e9

    def put(self, number, text):
        self.rows.write(f"{number}\t{text}\n")

    def commit(self):
        self.rows.close()
        self.sql("CREATE TABLE page (number int, body text)")
        self.client.stdin.write(f"\\copy page FROM '{self.rows.name}'\n")
        self.sql("ALTER TABLE page ADD words tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED")
        self.sql("CREATE INDEX ON page USING gin (words)")
        os.remove(self.rows.name)
        self.bytes = int(self.sql("SELECT pg_total_relation_size('page')")[0])

    def ask(self, kind, words):
        query = "to_tsquery('simple', '" + (" <-> " if kind == "phrase" else " & ").join(words) + "')"
        found = f"FROM page WHERE words @@ {query}"
        self.sql(f"SELECT number {found} ORDER BY ts_rank(words, {query}) DESC LIMIT {LEAST}")
        return int(self.sql(f"SELECT count(*) {found}")[0])

    def close(self):
        self.client.stdin.close()
        self.client.wait()
        self.run([self.control, "-D", self.data, "-m", "immediate", "stop"])
        shutil.rmtree(self.home)


def size(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def main():
    folder, peer, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
    own = os.path.join(folder, peer)
    os.mkdir(own)
    engine = {"fts5": Fts5, "postgresql": PostgreSQL, "xapian": Xapian, "whoosh": Whoosh}[peer](own)
    clock = getattr(engine, "cpu", time.process_time)
    started, count = clock(), 0
    for number, text in pages(folder, most):
        engine.put(number, text)
        count += 1
    engine.commit()
    said = {"peer": peer, "pages": count, "pages_per_cpu_s": count / (clock() - started)}
    said["bytes_per_page"] = getattr(engine, "bytes", size(own)) / count
    took = {}
    for kind, words in queries(folder):
        started = clock()
        engine.ask(kind, words)
        took.setdefault(kind, []).append((clock() - started) * 1e6)
    for kind, values in took.items():
        values.sort()
        said[kind] = {"p50": values[len(values) // 2], "p99": values[int((len(values) - 1) * 0.99)]}
    getattr(engine, "close", lambda: None)()
    print(json.dumps(said))


main()
