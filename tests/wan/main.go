// Command wan makes loopback behave like a network path to a store, well or badly.
//
//	wan -to 127.0.0.1:9000 -rtt 20ms -mbit 1000
//
// It prints the address that it listens on. Every byte is late by half the round trip in each
// direction, a new connection pays one round trip for its handshake, and each direction of the
// whole path carries at most -mbit megabits a second. Commands come on standard input, one a line,
// and hold from then on, for connections that are open as well:
//
//	down        nothing listens and every connection breaks
//	up          it listens again
//	silent      connections are taken and stay silent, open ones fall silent
//	cut=N       an answer ends after N bytes from the server, the connection with it
//	stall=N     after N bytes from the server nothing more comes
//	flip=N      one bit of the Nth byte from the server is another one
//	trickle=N   N bytes a second come from the server
//	status=S/P  P of a hundred requests are answered with the HTTP status S
//	short=N     bodies of objects have N bytes at most, and their headers say so
//	healthy     none of these
//	stats       prints connections, bytes and turns as one line of JSON
//
// N counts from the first byte of each connection. A turn is a request after an answer: it costs
// who asks one round trip. At the end of its input it ends. status=, short= and the count of
// requests need -http: the path then ends in a proxy that understands HTTP.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	to   = flag.String("to", "", "host:port of the server")
	host = flag.String("host", "127.0.0.1", "loopback address to listen on, at a free port")
	rtt  = flag.Duration("rtt", 0, "round trip that is added")
	web  = flag.Bool("http", false, "understand HTTP")
	mbit = flag.Float64("mbit", 0, "megabits a second in each direction, 0: as fast as it goes")
)

const (
	chunkSize  = 64 << 10
	queueDepth = 1024 // chunks that are on their way; more than a fast path holds
)

// fault is what the path does now. Replaced as a whole, never changed.
type fault struct {
	kind  string
	value int64
	share int64 // of status=
}

type path struct {
	server   string
	fault    atomic.Pointer[fault]
	up, down link

	mutex    sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool

	connections, bytesUp, bytesDown, turns, requests atomic.Int64
}

// link is one direction of the path, shared by all connections.
type link struct {
	mutex sync.Mutex
	free  time.Time
}

// send says when so many bytes have left the link.
func (l *link) send(bytes int, now time.Time) time.Time {
	if *mbit <= 0 {
		return now
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(bytes) * 8000 / *mbit))
	return l.free
}

type chunk struct {
	data []byte
	due  time.Time
}

func (p *path) listen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	p.mutex.Lock()
	p.listener = listener
	p.mutex.Unlock()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.carry(client.(*net.TCPConn))
		}
	}()
	return nil
}

func (p *path) keep(conn net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.open[conn] = true
}

func (p *path) drop(conn net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.open, conn)
	conn.Close()
}

// reset breaks a connection as a machine that dies does.
func reset(conn *net.TCPConn) {
	conn.SetLinger(0)
	conn.Close()
}

func (p *path) goDown() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.listener.Close()
	for conn := range p.open {
		reset(conn.(*net.TCPConn))
	}
}

func (p *path) carry(client *net.TCPConn) {
	p.connections.Add(1)
	p.keep(client)
	defer p.drop(client)
	dialed, err := net.Dial("tcp", p.server)
	if err != nil {
		reset(client)
		return
	}
	server := dialed.(*net.TCPConn)
	p.keep(server)
	defer p.drop(server)

	var asking atomic.Bool
	var wait sync.WaitGroup
	wait.Add(2)
	go func() {
		defer wait.Done()
		p.pump(server, client, &p.up, *rtt, &p.bytesUp, nil, func() {
			if asking.CompareAndSwap(false, true) {
				p.turns.Add(1)
			}
		})
	}()
	go func() {
		defer wait.Done()
		answer := &answerer{path: p, client: client}
		p.pump(client, server, &p.down, 0, &p.bytesDown, answer, func() { asking.Store(false) })
	}()
	wait.Wait()
}

// pump carries one direction. extra delays the first chunk: the handshake of the connection.
func (p *path) pump(to, from *net.TCPConn, on *link, extra time.Duration, count *atomic.Int64,
	answer *answerer, seen func()) {
	queue := make(chan chunk, queueDepth)
	go func() {
		defer close(queue)
		for {
			data := make([]byte, chunkSize)
			n, err := from.Read(data)
			if n > 0 {
				seen()
				due := on.send(n, time.Now()).Add(*rtt/2 + extra)
				extra = 0
				queue <- chunk{data[:n], due}
			}
			if err != nil {
				return
			}
		}
	}()
	broken := false
	for next := range queue {
		if broken {
			continue // let the reader end
		}
		time.Sleep(time.Until(next.due))
		data := next.data
		if answer != nil {
			var ended bool
			if data, ended = answer.spoil(data); ended {
				broken = true
				reset(to)
				reset(from)
				continue
			}
		}
		if _, err := to.Write(data); err != nil {
			broken = true
			from.Close()
			continue
		}
		count.Add(int64(len(data)))
	}
	if !broken {
		to.CloseWrite()
	}
}

// answerer spoils what one connection's server sends, as the fault of the moment says.
type answerer struct {
	path   *path
	client *net.TCPConn
	sent   int64
}

// spoil returns what is to be sent instead, and whether the connection ends here.
func (a *answerer) spoil(data []byte) ([]byte, bool) {
	begin := a.sent
	a.sent += int64(len(data))
	fault := a.path.fault.Load()
	reached := fault.value > 0 && begin < fault.value && a.sent >= fault.value
	past := begin >= fault.value
	switch fault.kind {
	case "silent":
		a.sleep("silent")
	case "stall":
		if reached {
			a.client.Write(data[:fault.value-begin])
			data = data[fault.value-begin:]
		}
		if reached || past {
			a.sleep("stall")
		}
	case "cut":
		if reached {
			a.client.Write(data[:fault.value-begin])
		}
		return data, reached || past
	case "flip":
		if reached {
			data[fault.value-begin-1] ^= 1
		}
	case "trickle":
		for len(data) > 0 && a.path.fault.Load() == fault {
			n := min(max(int(fault.value/10), 1), len(data))
			if _, err := a.client.Write(data[:n]); err != nil {
				return nil, true
			}
			data = data[n:]
			time.Sleep(time.Duration(n) * time.Second / time.Duration(fault.value))
		}
	}
	return data, false
}

// sleep holds the answer back as long as the fault lasts.
func (a *answerer) sleep(kind string) {
	for a.path.fault.Load().kind == kind {
		time.Sleep(20 * time.Millisecond)
	}
}

// serveWeb starts a proxy before the server and returns its address.
func (p *path) serveWeb(server string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: server})
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			fault := p.fault.Load()
			if fault.kind == "short" && r.ContentLength > fault.value {
				r.Body = struct {
					io.Reader
					io.Closer
				}{io.LimitReader(r.Body, fault.value), r.Body}
				r.ContentLength = fault.value
				r.Header.Set("Content-Length", strconv.FormatInt(fault.value, 10))
			}
			return nil
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		if fault := p.fault.Load(); fault.kind == "status" && rand.Int64N(100) < fault.share {
			w.WriteHeader(int(fault.value))
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	return listener.Addr().String(), nil
}

func parseFault(words string) (*fault, error) {
	kind, text, _ := strings.Cut(words, "=")
	made := &fault{kind: kind}
	if text == "" {
		if kind == "healthy" || kind == "silent" {
			return made, nil
		}
		return nil, fmt.Errorf("unknown command %q", words)
	}
	text, share, _ := strings.Cut(text, "/")
	var err error
	if made.value, err = strconv.ParseInt(text, 10, 64); err != nil || made.value < 1 {
		return nil, fmt.Errorf("%q: a number from 1 on is needed", words)
	}
	switch kind {
	case "cut", "stall", "flip", "trickle", "short":
	case "status":
		if made.share, err = strconv.ParseInt(share, 10, 64); err != nil {
			return nil, fmt.Errorf("%q: status=503/50 is the form", words)
		}
	default:
		return nil, fmt.Errorf("unknown command %q", words)
	}
	return made, nil
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("wan: ")
	flag.Parse()
	if *to == "" || flag.NArg() > 0 {
		log.Fatal("-to host:port is needed, and nothing else but flags")
	}
	p := &path{server: *to, open: map[net.Conn]bool{}}
	if *web {
		var err error
		if p.server, err = p.serveWeb(*to); err != nil {
			log.Fatal(err)
		}
	}
	p.fault.Store(&fault{kind: "healthy"})
	if err := p.listen(*host + ":0"); err != nil {
		log.Fatal(err)
	}
	address := p.listener.Addr().String()
	fmt.Println(address)
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		switch words := commands.Text(); words {
		case "down":
			p.goDown()
		case "up":
			if err := p.listen(address); err != nil {
				log.Fatal(err)
			}
		case "stats":
			json.NewEncoder(os.Stdout).Encode(map[string]int64{
				"connections": p.connections.Load(), "turns": p.turns.Load(),
				"requests": p.requests.Load(),
				"bytes_up": p.bytesUp.Load(), "bytes_down": p.bytesDown.Load()})
			continue
		default:
			made, err := parseFault(words)
			if err != nil {
				log.Fatal(err)
			}
			p.fault.Store(made)
		}
		fmt.Println("ok")
	}
}
