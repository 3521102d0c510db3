// Package pubsub hands messages to whoever asked for them.
package pubsub

// Bus hands out messages by topic.
type Bus struct {
	subs map[string][]chan string
}

// New returns a bus without subscribers.
func New() *Bus {
	return &Bus{subs: map[string][]chan string{}}
}

// Subscribe returns a channel of the topic's messages.
func (b *Bus) Subscribe(topic string) <-chan string {
	ch := make(chan string, 16)
	b.subs[topic] = append(b.subs[topic], ch)
	return ch
}

// Publish hands a message to all subscribers of the topic and returns how many there were.
func (b *Bus) Publish(topic, message string) int {
	n := 0
	for _, ch := range b.subs[topic] {
		ch <- message
		n++
	}
	return n
}

// Count returns how many subscribers a topic has.
func (b *Bus) Count(topic string) int {
	return len(b.subs[topic])
}
