import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The command `write` of durability-client.c by Kafka's own producer:
 *
 *   java JavaWriter HOST:PORT WRITER RATE SIZE PARTITIONS TOPIC...
 *
 * Nothing is tried again here that the producer gives up, which it does not before its time, and that never comes.
 */
public final class JavaWriter {
  private static final long turnMs = 5;
  private static final PrintStream lines = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  public static void main(String[] args) throws InterruptedException {
    if (args.length < 6) throw new IllegalArgumentException("usage: JavaWriter HOST:PORT WRITER RATE SIZE PARTITIONS TOPIC...");
    String writer = args[1];
    double rate = Double.parseDouble(args[2]);
    byte[] value = new byte[Integer.parseInt(args[3])];
    Arrays.fill(value, (byte) 'j');
    int partitions = Integer.parseInt(args[4]);
    String[] topics = Arrays.copyOfRange(args, 5, args.length);
    long[] numbers = new long[topics.length * partitions];
    Thread told = new Thread(JavaWriter::awaitEndOfInput);
    told.start();
    try (KafkaProducer<String, byte[]> producer = producer(args[0])) {
      long begun = System.nanoTime();
      for (long sent = 0; told.isAlive(); Thread.sleep(turnMs)) {
        long due = (long) ((System.nanoTime() - begun) / 1e9 * rate);
        // What piled up while the buffer was full is not caught up with: the load is to be even.
        sent = Math.max(sent, due - (long) rate);
        for (; sent < due; sent++) {
          int slot = (int) (sent % numbers.length);
          write(producer, topics[slot / partitions], slot % partitions, writer, numbers[slot]++, value);
        }
        flushLines();
      }
      producer.flush();
    }
    flushLines();
  }

  private static KafkaProducer<String, byte[]> producer(String bootstrap) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("acks", "all");
    settings.put("enable.idempotence", "true");
    settings.put("delivery.timeout.ms", Integer.MAX_VALUE);
    settings.put("max.block.ms", Long.MAX_VALUE);
    settings.put("linger.ms", 2);
    settings.put("retry.backoff.ms", 20);
    settings.put("reconnect.backoff.ms", 20);
    settings.put("reconnect.backoff.max.ms", 100);
    return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
  }

  private static void write(
      KafkaProducer<String, byte[]> producer, String topic, int partition, String writer, long number, byte[] value) {
    String place = topic + " " + partition + " " + number;
    producer.send(new ProducerRecord<>(topic, partition, writer + ":" + number, value), (written, failure) -> {
      if (failure != null) print("failed " + place + " " + failure.getClass().getSimpleName());
      else print("ack " + place + " " + (written.hasOffset() ? written.offset() : -1));
    });
  }

  private static synchronized void print(String line) {
    lines.print(line + "\n");
  }

  private static synchronized void flushLines() {
    lines.flush();
  }

  private static void awaitEndOfInput() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException e) {
      // Whoever was to tell is gone.
    }
  }
}
