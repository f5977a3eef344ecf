import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/**
 * Record batches in the hands of Kafka's Java client, for the comparison with ours.
 *
 *     java -cp KAFKA Codecs.java write DIRECTORY    a file NAME.batch for each codec and kind, with NAME.jsonl beside it
 *     java -cp KAFKA Codecs.java read FILE ...      one line of JSON for each file: the batch as Java reads it
 *
 * The JSON form is that of describe-batch.ts.
 */
public class Codecs {
    private static final long TIME = 1_700_000_000_000L;

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "write" -> write(Path.of(args[1]));
            case "read" -> {
                PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
                for (int i = 1; i < args.length; i++) out.println(describe(Files.readAllBytes(Path.of(args[i]))));
                out.flush();
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static void write(Path directory) throws Exception {
        Map<String, Compression> codecs = new LinkedHashMap<>();
        codecs.put("none", Compression.NONE);
        codecs.put("gzip", Compression.gzip().build());
        codecs.put("gzip-9", Compression.gzip().level(9).build());
        codecs.put("snappy", Compression.snappy().build());
        codecs.put("lz4", Compression.lz4().build());
        codecs.put("lz4-17", Compression.lz4().level(17).build());
        codecs.put("zstd", Compression.zstd().build());
        codecs.put("zstd-22", Compression.zstd().level(22).build());
        for (Map.Entry<String, Compression> codec : codecs.entrySet()) {
            save(directory, codec.getKey() + "-small", small(codec.getValue()));
            if (codec.getValue() != Compression.NONE) save(directory, codec.getKey() + "-large", large(codec.getValue()));
        }
        save(directory, "stamped", stamped());
        save(directory, "commit", MemoryRecords.withEndTransactionMarker(
            40, TIME, 7, 1234L, (short) 5, new EndTransactionMarker(ControlRecordType.COMMIT, 17)));
        save(directory, "abort", MemoryRecords.withEndTransactionMarker(
            40, TIME, 7, 1234L, (short) 5, new EndTransactionMarker(ControlRecordType.ABORT, 17)));
        save(directory, "leader-change", MemoryRecords.withLeaderChangeMessage(0, TIME, 3, ByteBuffer.allocate(512),
            new LeaderChangeMessage().setVersion((short) 0).setLeaderId(2)
                .setVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(1), new LeaderChangeMessage.Voter().setVoterId(2)))
                .setGrantingVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(2)))));
    }

    /** What can be odd about a record: nulls, nothing, headers, times that go back, other alphabets. */
    private static MemoryRecords small(Compression compression) {
        MemoryRecordsBuilder builder = idempotent(compression, 4096);
        builder.append(TIME, utf8("key"), utf8("value"));
        builder.append(TIME + 70_000, (byte[]) null, utf8("no key"));
        builder.append(TIME - 5, utf8("tombstone"), null);
        builder.append(TIME, utf8(""), utf8(""));
        builder.append(TIME + 1, utf8("Odradek \u00fc \u661f"), utf8("value"), new Header[] {
            new RecordHeader("plain", utf8("1")), new RecordHeader("\u00e9", utf8("")), new RecordHeader("null", (byte[]) null),
            new RecordHeader("", utf8("no name")), new RecordHeader("plain", utf8("twice")) });
        builder.append(TIME, null, (byte[]) null);
        return builder.build();
    }

    /** More than one block of every codec, of the compressible and of the other kind. */
    private static MemoryRecords large(Compression compression) {
        MemoryRecordsBuilder builder = idempotent(compression, 1 << 20);
        byte[] noise = new byte[4000];
        new Random(42).nextBytes(noise);
        builder.append(TIME, utf8("text"), utf8("The cares of a family man. ".repeat(6000)));
        builder.append(TIME + 1, utf8("noise"), noise);
        for (int i = 0; i < 20; i++) builder.append(TIME + 2 + i, utf8("key-" + i % 7), utf8("{\"id\":" + i + ",\"kind\":\"line\"}"));
        return builder.build();
    }

    private static MemoryRecords stamped() {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(512), RecordBatch.CURRENT_MAGIC_VALUE,
            Compression.lz4().build(), TimestampType.LOG_APPEND_TIME, 100L, TIME + 999);
        builder.append(TIME, utf8("a"), utf8("b"));
        builder.append(TIME + 1, utf8("c"), utf8("d"));
        return builder.build();
    }

    private static MemoryRecordsBuilder idempotent(Compression compression, int size) {
        return new MemoryRecordsBuilder(new ByteBufferOutputStream(size), RecordBatch.CURRENT_MAGIC_VALUE, compression,
            TimestampType.CREATE_TIME, 1000L, RecordBatch.NO_TIMESTAMP, 4321L, (short) 2, Integer.MAX_VALUE - 3, true, false, 9, size);
    }

    private static void save(Path directory, String name, MemoryRecords records) throws Exception {
        byte[] bytes = new byte[records.sizeInBytes()];
        records.buffer().duplicate().get(bytes);
        Files.write(directory.resolve(name + ".batch"), bytes);
        Files.writeString(directory.resolve(name + ".jsonl"), describe(bytes) + "\n");
    }

    private static String describe(byte[] bytes) throws Exception {
        List<String> batches = new ArrayList<>();
        for (RecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
            batch.ensureValid();
            batches.add(describe(batch));
        }
        if (batches.size() != 1) throw new IOException(batches.size() + " batches in " + bytes.length + " bytes");
        return batches.get(0);
    }

    private static String describe(RecordBatch batch) throws Exception {
        List<String> records = new ArrayList<>();
        for (Record record : batch) records.add(describe(record));
        return "{\"compression\":" + text(batch.compressionType().name)
            + ",\"baseOffset\":" + batch.baseOffset() + ",\"lastOffset\":" + batch.lastOffset()
            + ",\"partitionLeaderEpoch\":" + batch.partitionLeaderEpoch()
            + ",\"timestampType\":" + text(batch.timestampType().name) + ",\"maxTimestamp\":" + batch.maxTimestamp()
            + ",\"producerId\":" + batch.producerId() + ",\"producerEpoch\":" + batch.producerEpoch()
            + ",\"baseSequence\":" + batch.baseSequence() + ",\"lastSequence\":" + batch.lastSequence()
            + ",\"isTransactional\":" + batch.isTransactional() + ",\"isControl\":" + batch.isControlBatch()
            + ",\"records\":[" + String.join(",", records) + "]}";
    }

    private static String describe(Record record) throws Exception {
        List<String> headers = new ArrayList<>();
        for (Header header : record.headers()) {
            headers.add("{\"key\":" + bytes(utf8(header.key())) + ",\"value\":" + bytes(header.value()) + "}");
        }
        return "{\"offset\":" + record.offset() + ",\"timestamp\":" + record.timestamp() + ",\"sequence\":" + record.sequence()
            + ",\"key\":" + bytes(array(record.key())) + ",\"value\":" + bytes(array(record.value()))
            + ",\"headers\":[" + String.join(",", headers) + "]}";
    }

    private static byte[] array(ByteBuffer buffer) {
        if (buffer == null) return null;
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    /** Long fields as length and hash, so that the files stay small. */
    private static String bytes(byte[] bytes) throws Exception {
        if (bytes == null) return "null";
        if (bytes.length <= 64) return text(Base64.getEncoder().encodeToString(bytes));
        return text(bytes.length + ":" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    }

    private static String text(String text) {
        return '"' + text + '"';
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
