"""kafka-python as a client program of the matrix test; ../driver.ts says what each line means."""

import json
import sys
import threading

from kafka import KafkaConsumer, KafkaProducer

lock = threading.Lock()


def say(line):
    with lock:
        print(json.dumps(line), flush=True)


class Member:
    """A consumer on a thread of its own, since it must poll to stay in its group."""

    def __init__(self, bootstrap, topic, group):
        self.leaving = False
        self.consumer = KafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            auto_commit_interval_ms=200,
            heartbeat_interval_ms=300,
            session_timeout_ms=6000,
            reconnect_backoff_max_ms=500,
        )
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.leaving:
            for records in self.consumer.poll(timeout_ms=200).values():
                for record in records:
                    say({"record": {"partition": record.partition, "value": record.value.decode()}})
        self.consumer.close()

    def leave(self):
        self.leaving = True
        self.thread.join()


def main(bootstrap):
    producers = {}
    member = None
    say({"ready": ["none", "gzip", "snappy", "lz4", "zstd"]})
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if command["do"] == "produce":
                codec = command["codec"]
                if codec not in producers:
                    producers[codec] = KafkaProducer(
                        bootstrap_servers=bootstrap,
                        acks="all",
                        linger_ms=20,
                        compression_type=None if codec == "none" else codec,
                        reconnect_backoff_max_ms=500,
                    )
                sent = [
                    producers[codec].send(
                        command["topic"],
                        key=f"key-{i}".encode(),
                        value=f"{command['prefix']}-{i}-{'spool' * 20}".encode(),
                    )
                    for i in range(command["count"])
                ]
                for one in sent:
                    one.get(timeout=30)
            elif command["do"] == "consume":
                member = Member(bootstrap, command["topic"], command["group"])
            elif command["do"] == "leave":
                member.leave()
                member = None
            say({"did": command["do"]})
        except Exception as error:
            say({"failed": f"{command['do']}: {error!r}"})
    if member:
        member.leave()
    for producer in producers.values():
        producer.close()


main(sys.argv[1])
