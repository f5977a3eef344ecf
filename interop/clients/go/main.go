// franz-go as a client program of the matrix test; ../driver.ts says what each line means.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type command struct {
	Do     string `json:"do"`
	Topic  string `json:"topic"`
	Codec  string `json:"codec"`
	Prefix string `json:"prefix"`
	Count  int    `json:"count"`
	Group  string `json:"group"`
}

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var printing sync.Mutex

func say(line any) {
	text, _ := json.Marshal(line)
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(string(text))
}

type driver struct {
	bootstrap string
	producers map[string]*kgo.Client
	member    *kgo.Client
	ended     chan struct{}
}

func main() {
	d := &driver{bootstrap: os.Args[1], producers: map[string]*kgo.Client{}}
	say(map[string]any{"ready": []string{"none", "gzip", "snappy", "lz4", "zstd"}})
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var c command
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			say(map[string]any{"failed": err.Error()})
			continue
		}
		if err := d.obey(c); err != nil {
			say(map[string]any{"failed": c.Do + ": " + err.Error()})
		} else {
			say(map[string]any{"did": c.Do})
		}
	}
	d.leave()
	for _, p := range d.producers {
		p.Close()
	}
}

func (d *driver) obey(c command) error {
	switch c.Do {
	case "produce":
		return d.produce(c)
	case "consume":
		return d.consume(c)
	case "leave":
		return d.leave()
	}
	return fmt.Errorf("no such command")
}

func (d *driver) produce(c command) error {
	p := d.producers[c.Codec]
	if p == nil {
		var err error
		p, err = kgo.NewClient(
			kgo.SeedBrokers(d.bootstrap),
			kgo.ProducerBatchCompression(codecs[c.Codec]),
			kgo.ProducerLinger(20*time.Millisecond),
		)
		if err != nil {
			return err
		}
		d.producers[c.Codec] = p
	}
	var records []*kgo.Record
	for i := range c.Count {
		value := fmt.Sprintf("%s-%d-%s", c.Prefix, i, strings.Repeat("spool", 20))
		records = append(records, &kgo.Record{Topic: c.Topic, Key: fmt.Appendf(nil, "key-%d", i), Value: []byte(value)})
	}
	return p.ProduceSync(context.Background(), records...).FirstErr()
}

func (d *driver) consume(c command) error {
	member, err := kgo.NewClient(
		kgo.SeedBrokers(d.bootstrap),
		kgo.ConsumerGroup(c.Group),
		kgo.ConsumeTopics(c.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitInterval(200*time.Millisecond),
		kgo.AutoCommitMarks(),
		kgo.HeartbeatInterval(300*time.Millisecond),
		kgo.SessionTimeout(6*time.Second),
		kgo.FetchMaxWait(200*time.Millisecond),
	)
	if err != nil {
		return err
	}
	d.member, d.ended = member, make(chan struct{})
	go func() {
		defer close(d.ended)
		for {
			fetches := member.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(func(r *kgo.Record) {
				member.MarkCommitRecords(r)
				say(map[string]any{"record": map[string]any{"partition": r.Partition, "value": string(r.Value)}})
			})
		}
	}()
	return nil
}

func (d *driver) leave() error {
	if d.member == nil {
		return nil
	}
	err := d.member.CommitMarkedOffsets(context.Background())
	d.member.Close()
	<-d.ended
	d.member = nil
	return err
}
