import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import com.sun.management.OperatingSystemMXBean;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollector;
import org.apache.lucene.store.FSDirectory;

/**
 * The same pages and queries in Lucene, as peers.py has them in the other engines: the ten best pages and the exact
 * count. Processor time of the whole process, its compiler included; the queries are asked twice, and the second time counts.
 */
class Peer {
    static final int LEAST = 10;

    public static void main(String[] words) throws IOException {
        Path folder = Path.of(words[0]);
        Path own = folder.resolve("lucene");
        int most = Integer.parseInt(words[1]);
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long started = system.getProcessCpuTime();
        int count = index(folder, own, most);
        double seconds = (system.getProcessCpuTime() - started) / 1e9;
        long bytes = 0;
        for (var file : own.toFile().listFiles()) bytes += file.length();
        var said = new StringBuilder(String.format(
            "{\"peer\": \"lucene\", \"pages\": %d, \"pages_per_cpu_s\": %f, \"bytes_per_page\": %f",
            count, count / seconds, (double) bytes / count));
        search(folder, own);
        for (var took : search(folder, own).entrySet()) {
            double[] values = took.getValue().stream().mapToDouble(Double::doubleValue).sorted().toArray();
            said.append(String.format(", \"%s\": {\"p50\": %f, \"p99\": %f}",
                took.getKey(), values[values.length / 2], values[(int) ((values.length - 1) * 0.99)]));
        }
        System.out.println(said.append("}"));
    }

    static int index(Path folder, Path own, int most) throws IOException {
        int count = 0;
        try (var writer = new IndexWriter(FSDirectory.open(own), new IndexWriterConfig(new StandardAnalyzer()));
             var lines = Files.newBufferedReader(folder.resolve("pages.tsv"))) {
            for (String line; count < most && (line = lines.readLine()) != null; count++) {
                var document = new Document();
                document.add(new TextField("body", line.split("\t", 2)[1], Field.Store.NO));
                writer.addDocument(document);
            }
        }
        return count;
    }

    /** Microseconds of this thread, by class. */
    static Map<String, List<Double>> search(Path folder, Path own) throws IOException {
        var took = new TreeMap<String, List<Double>>();
        var threads = ManagementFactory.getThreadMXBean();
        try (var reader = DirectoryReader.open(FSDirectory.open(own))) {
            var searcher = new IndexSearcher(reader);
            for (String line : Files.readAllLines(folder.resolve("queries.tsv"))) {
                String[] parts = line.split("\t", 2);
                long started = threads.getCurrentThreadCpuTime();
                var best = TopScoreDocCollector.create(LEAST, Integer.MAX_VALUE);
                searcher.search(query(parts[0], parts[1].split(" ")), best);
                best.topDocs();
                double micros = (threads.getCurrentThreadCpuTime() - started) / 1e3;
                took.computeIfAbsent(parts[0], kind -> new ArrayList<>()).add(micros);
            }
        }
        return took;
    }

    static Query query(String kind, String[] words) {
        if (kind.equals("phrase")) return new PhraseQuery("body", words);
        var all = new BooleanQuery.Builder();
        Arrays.stream(words).forEach(word -> all.add(new TermQuery(new Term("body", word)), Occur.MUST));
        return all.build();
    }
}
