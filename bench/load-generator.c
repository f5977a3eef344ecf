/*
 * The client of the benchmark: one program over librdkafka for every broker, so that a difference is the broker's.
 *
 *   load-generator create  HOST:PORT TOPIC PARTITIONS REPLICAS [topic-setting=value ...]
 *   load-generator produce HOST:PORT TOPIC COUNT SIZE  [client-setting=value ...]
 *   load-generator consume HOST:PORT TOPIC COUNT       [client-setting=value ...]
 *   load-generator latency HOST:PORT TOPIC COUNT SIZE  [client-setting=value ...]
 *   load-generator leader  HOST:PORT TOPIC
 *   load-generator gap     HOST:PORT TOPIC COUNT SIZE  [client-setting=value ...]
 *
 * produce  sends COUNT messages of SIZE bytes over all partitions and waits for every acknowledgement (acks=all).
 * consume  reads COUNT messages of all partitions from their beginning, without a group.
 * latency  sends one message at a time and waits until a consumer has it: the way there and back.
 * leader   says which broker leads the first partition.
 * gap      sends a message a millisecond to the first partition, idempotently: the longest time without an acknowledgement.
 *
 * Prints one line of key=value figures. Ends with 1 when a message failed or did not come, with 2 when called wrongly.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAYLOADS = 512, PATIENCE_S = 300, ROUND_TRIP_PATIENCE_S = 10, BATCH = 8192 };

struct tally {
  long acknowledged;
  long failed;
};

struct pulse {
  struct tally tally;
  double last;
  double longest;
};

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void give_up(int status, const char *what, const char *detail) {
  fprintf(stderr, "load-generator: %s: %s\n", what, detail);
  exit(status);
}

/* ---- clients ---- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) give_up(2, name, why);
}

/* Splits "name=value" in place and hands both to a setter. */
static void each_setting(char **settings, int count, void (*use)(void *, const char *, const char *), void *target) {
  for (int i = 0; i < count; i++) {
    char *equals = strchr(settings[i], '=');
    if (equals == NULL) give_up(2, "not a setting", settings[i]);
    *equals = '\0';
    use(target, settings[i], equals + 1);
    *equals = '=';
  }
}

static void use_conf(void *conf, const char *name, const char *value) { set(conf, name, value); }

static rd_kafka_t *open_client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char why[512];
  rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
  if (client == NULL) give_up(2, "no client", why);
  return client;
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  struct tally *tally = opaque;
  if (message->err) tally->failed++;
  else tally->acknowledged++;
}

static rd_kafka_t *open_producer(const char *broker, struct tally *tally, char **settings, int count) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", broker);
  set(conf, "acks", "all");
  set(conf, "queue.buffering.max.messages", "500000");
  set(conf, "queue.buffering.max.kbytes", "1000000");
  rd_kafka_conf_set_opaque(conf, tally);
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  each_setting(settings, count, use_conf, conf);
  return open_client(RD_KAFKA_PRODUCER, conf);
}

static int partition_count(rd_kafka_t *client, rd_kafka_topic_t *topic) {
  const struct rd_kafka_metadata *metadata;
  for (double start = seconds(); seconds() - start < ROUND_TRIP_PATIENCE_S;) {
    if (rd_kafka_metadata(client, 0, topic, &metadata, 5000) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    int partitions = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    if (partitions > 0) return partitions;
  }
  give_up(1, "no metadata", rd_kafka_topic_name(topic));
  return 0;
}

/* Reads every partition, or only the first one, from an offset on. */
static rd_kafka_t *open_consumer(const char *broker, const char *name, int only_first, int64_t from, char **settings,
                                 int count) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", broker);
  set(conf, "group.id", "bench");
  set(conf, "enable.auto.commit", "false");
  /* A fetch that was sent before all partitions are found waits this long, with any broker; usually half a second. */
  set(conf, "fetch.wait.max.ms", "10");
  /* A client whose queue is full fetches nothing for a second, which would be all that is measured. */
  set(conf, "queued.min.messages", "10000000");
  set(conf, "queued.max.messages.kbytes", "2097151");
  each_setting(settings, count, use_conf, conf);
  rd_kafka_t *client = open_client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
  int partitions = only_first ? 1 : partition_count(client, topic);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; i++) rd_kafka_topic_partition_list_add(list, name, i)->offset = from;
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_topic_destroy(topic);
  return client;
}

/* ---- payloads ---- */

/* Text that compresses about as well as log lines do, a different one for each of PAYLOADS messages. */
static char *make_payloads(size_t size) {
  static const char *words[] = {"offset ", "leader ", "epoch ", "segment ", "fetch ", "spool ", "order=", "user=", "id=", "ok "};
  char *all = malloc(PAYLOADS * size + 32);
  unsigned state = 20240611;
  for (int i = 0; i < PAYLOADS; i++) {
    char *text = all + (size_t)i * size;
    for (size_t at = 0; at < size;) {
      state = state * 1664525u + 1013904223u;
      char piece[32];
      int length = snprintf(piece, sizeof piece, "%s%u ", words[(state >> 8) % 10], state >> 18);
      for (int k = 0; k < length && at < size; k++) text[at++] = piece[k];
    }
  }
  return all;
}

/* ---- commands ---- */

static void use_topic_setting(void *topic, const char *name, const char *value) {
  rd_kafka_NewTopic_set_config(topic, name, value);
}

static int create(const char *broker, const char *name, int partitions, int replicas, char **settings, int count) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", broker);
  rd_kafka_t *client = open_client(RD_KAFKA_PRODUCER, conf);
  char why[512];
  rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, replicas, why, sizeof why);
  if (topic == NULL) give_up(2, "no such topic", why);
  each_setting(settings, count, use_topic_setting, topic);
  rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
  rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
  rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 60000);
  if (event == NULL) give_up(1, "no answer", name);
  if (rd_kafka_event_error(event)) give_up(1, name, rd_kafka_event_error_string(event));
  size_t topics;
  const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &topics);
  if (topics != 1 || rd_kafka_topic_result_error(results[0])) {
    give_up(1, name, rd_kafka_err2str(rd_kafka_topic_result_error(results[0])));
  }
  puts("created=1");
  return 0;
}

static int produce(const char *broker, const char *name, long count, size_t size, char **settings, int settings_count) {
  struct tally tally = {0, 0};
  rd_kafka_t *client = open_producer(broker, &tally, settings, settings_count);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
  char *payloads = make_payloads(size);
  partition_count(client, topic);
  double start = seconds();
  for (long i = 0; i < count; i++) {
    char *payload = payloads + (size_t)(i % PAYLOADS) * size;
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, 0, payload, size, NULL, 0, NULL) == -1) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) give_up(1, name, rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(client, 5);
    }
    if ((i & 1023) == 0) rd_kafka_poll(client, 0);
  }
  while (tally.acknowledged + tally.failed < count && seconds() - start < PATIENCE_S) rd_kafka_poll(client, 5);
  double took = seconds() - start;
  printf("count=%ld missing=%ld seconds=%.6f\n", tally.acknowledged, count - tally.acknowledged, took);
  return tally.acknowledged == count ? 0 : 1;
}

static int consume(const char *broker, const char *name, long count, char **settings, int settings_count) {
  double start = seconds();
  rd_kafka_t *client = open_consumer(broker, name, 0, RD_KAFKA_OFFSET_BEGINNING, settings, settings_count);
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
  static rd_kafka_message_t *messages[BATCH];
  long received = 0;
  while (received < count && seconds() - start < PATIENCE_S) {
    ssize_t got = rd_kafka_consume_batch_queue(queue, 100, messages, BATCH);
    for (ssize_t i = 0; i < got; i++) {
      if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) received++;
      rd_kafka_message_destroy(messages[i]);
    }
  }
  double took = seconds() - start;
  printf("count=%ld missing=%ld seconds=%.6f\n", received, count - received, took);
  return received >= count ? 0 : 1;
}

static int smaller_first(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

static int latency(const char *broker, const char *name, long count, size_t size, char **settings, int settings_count) {
  struct tally tally = {0, 0};
  rd_kafka_t *consumer = open_consumer(broker, name, 1, RD_KAFKA_OFFSET_END, NULL, 0);
  rd_kafka_t *producer = open_producer(broker, &tally, settings, settings_count);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, name, NULL);
  char *payloads = make_payloads(size);
  /* The consumer has to stand at the end before the first message is sent. */
  for (double start = seconds(); seconds() - start < 1.5;) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 100);
    if (message) rd_kafka_message_destroy(message);
  }
  long warm_up = count / 10 + 10;
  double *took = calloc((size_t)count, sizeof *took);
  for (long i = -warm_up; i < count; i++) {
    double start = seconds();
    if (rd_kafka_produce(topic, 0, 0, payloads + (size_t)((i + warm_up) % PAYLOADS) * size, size, NULL, 0, NULL) == -1) {
      give_up(1, name, rd_kafka_err2str(rd_kafka_last_error()));
    }
    for (int back = 0; !back;) {
      if (seconds() - start > ROUND_TRIP_PATIENCE_S) give_up(1, name, "a message did not come back");
      rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
      if (message == NULL) continue;
      back = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
      rd_kafka_message_destroy(message);
    }
    if (i >= 0) took[i] = (seconds() - start) * 1e6;
    rd_kafka_poll(producer, 0);
  }
  qsort(took, (size_t)count, sizeof *took, smaller_first);
  printf("count=%ld missing=0 p50_us=%.1f p99_us=%.1f max_us=%.1f\n", count, took[count / 2], took[count * 99 / 100], took[count - 1]);
  return 0;
}

static int leader(const char *broker, const char *name) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", broker);
  rd_kafka_t *client = open_client(RD_KAFKA_PRODUCER, conf);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
  const struct rd_kafka_metadata *metadata;
  if (rd_kafka_metadata(client, 0, topic, &metadata, 5000) != RD_KAFKA_RESP_ERR_NO_ERROR) give_up(1, "no metadata", name);
  if (metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt == 0) give_up(1, "no partition", name);
  printf("leader=%d\n", metadata->topics[0].partitions[0].leader);
  return 0;
}

/* Tells the longest time between two acknowledgements that followed on each other. */
static void on_report_in_time(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  struct pulse *pulse = opaque;
  double now = seconds();
  if (message->err) pulse->tally.failed++;
  else {
    if (pulse->tally.acknowledged++ > 0 && now - pulse->last > pulse->longest) pulse->longest = now - pulse->last;
    pulse->last = now;
  }
}

static int gap(const char *broker, const char *name, long count, size_t size, char **settings, int settings_count) {
  struct pulse pulse = {{0, 0}, 0, 0};
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", broker);
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", "0");
  rd_kafka_conf_set_opaque(conf, &pulse);
  rd_kafka_conf_set_dr_msg_cb(conf, on_report_in_time);
  each_setting(settings, settings_count, use_conf, conf);
  rd_kafka_t *client = open_client(RD_KAFKA_PRODUCER, conf);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
  char *payloads = make_payloads(size);
  partition_count(client, topic);
  double start = seconds();
  for (long i = 0; i < count; i++) {
    char *payload = payloads + (size_t)(i % PAYLOADS) * size;
    while (rd_kafka_produce(topic, 0, 0, payload, size, NULL, 0, NULL) == -1) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) give_up(1, name, rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(client, 5);
    }
    while (seconds() - start < (double)(i + 1) / 1000) rd_kafka_poll(client, 1);
  }
  while (pulse.tally.acknowledged + pulse.tally.failed < count && seconds() - start < PATIENCE_S) rd_kafka_poll(client, 5);
  printf("count=%ld missing=%ld gap_ms=%.1f\n", pulse.tally.acknowledged, count - pulse.tally.acknowledged, pulse.longest * 1e3);
  return pulse.tally.acknowledged == count ? 0 : 1;
}

int main(int argc, char **argv) {
  const char *command = argc > 1 ? argv[1] : "";
  if (!strcmp(command, "create") && argc >= 6) return create(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]), argv + 6, argc - 6);
  if (!strcmp(command, "leader") && argc == 4) return leader(argv[2], argv[3]);
  if (!strcmp(command, "consume") && argc >= 5) return consume(argv[2], argv[3], atol(argv[4]), argv + 5, argc - 5);
  if (argc >= 6) {
    long count = atol(argv[4]);
    size_t size = (size_t)atol(argv[5]);
    if (!strcmp(command, "produce")) return produce(argv[2], argv[3], count, size, argv + 6, argc - 6);
    if (!strcmp(command, "gap")) return gap(argv[2], argv[3], count, size, argv + 6, argc - 6);
    if (!strcmp(command, "latency")) return latency(argv[2], argv[3], count, size, argv + 6, argc - 6);
  }
  fprintf(stderr, "usage: see the head of load-generator.c\n");
  return 2;
}
