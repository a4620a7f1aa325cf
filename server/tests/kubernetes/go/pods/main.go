// Pods that are processes of this machine: what a kubelet answers when the API server asks for logs,
// exec, attach and port-forward. All else that a kubelet does, the tests do by hand.
//
// It runs what it is asked to run, so it answers only who has a certificate of the cluster's authority.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"k8s.io/apimachinery/pkg/types"
	protocols "k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/kubelet/pkg/cri/streaming/portforward"
	streaming "k8s.io/kubelet/pkg/cri/streaming/remotecommand"
	codes "k8s.io/utils/exec"
)

// How long a stream may be idle, and take to begin.
const (
	idle  = time.Hour
	begin = 30 * time.Second
)

// The files of every pod, NAME.log its log.
var folder = flag.String("folder", ".", "where the pods run")

type pods struct{}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where it listens")
	authority := flag.String("ca", "", "the authority whose certificates may ask")
	certificate := flag.String("cert", "", "its own certificate")
	key := flag.String("key", "", "the key of that")
	flag.Parse()
	log.SetFlags(0)

	pem, err := os.ReadFile(*authority)
	if err != nil {
		log.Fatal(err)
	}
	callers := x509.NewCertPool()
	callers.AppendCertsFromPEM(pem)
	routes := http.NewServeMux()
	routes.HandleFunc("/containerLogs/{namespace}/{pod}/{container}", logs)
	routes.HandleFunc("/exec/{namespace}/{pod}/{container}", execute)
	routes.HandleFunc("/attach/{namespace}/{pod}/{container}", attach)
	routes.HandleFunc("/portForward/{namespace}/{pod}", forward)
	server := http.Server{
		Addr:    *listen,
		Handler: routes,
		TLSConfig: &tls.Config{
			ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs:  callers,
			// SPDY takes over a connection, and HTTP/2 has none to give.
			NextProtos: []string{"http/1.1"},
		},
	}
	log.Fatal(server.ListenAndServeTLS(*certificate, *key))
}

func logs(w http.ResponseWriter, r *http.Request) {
	arguments := []string{"-n", "+1"}
	if r.URL.Query().Get("follow") == "true" {
		arguments = append(arguments, "-f")
	}
	tail := exec.CommandContext(r.Context(), "tail", append(arguments, r.PathValue("pod")+".log")...)
	tail.Dir = *folder
	tail.Stdout = flushing{w}
	w.Header().Set("Content-Type", "text/plain")
	if err := tail.Run(); err != nil && r.Context().Err() == nil {
		log.Printf("logs of %s: %v", r.PathValue("pod"), err)
	}
}

// Sends each write on its way at once.
type flushing struct{ http.ResponseWriter }

func (f flushing) Write(bytes []byte) (int, error) {
	n, err := f.ResponseWriter.Write(bytes)
	_ = http.NewResponseController(f.ResponseWriter).Flush()
	return n, err
}

func execute(w http.ResponseWriter, r *http.Request) {
	if options := options(w, r); options != nil {
		command := r.URL.Query()["command"]
		streaming.ServeExec(w, r, pods{}, r.PathValue("pod"), "", r.PathValue("container"), command,
			options, idle, begin, protocols.SupportedStreamingProtocols)
	}
}

func attach(w http.ResponseWriter, r *http.Request) {
	if options := options(w, r); options != nil {
		streaming.ServeAttach(w, r, pods{}, r.PathValue("pod"), "", r.PathValue("container"),
			options, idle, begin, protocols.SupportedStreamingProtocols)
	}
}

func options(w http.ResponseWriter, r *http.Request) *streaming.Options {
	options, err := streaming.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil
	}
	return options
}

func forward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, pods{}, r.PathValue("pod"), "", options, idle, begin,
		portforward.SupportedProtocols)
}

func (pods) ExecInContainer(ctx context.Context, _ string, _ types.UID, _ string, command []string,
	in io.Reader, out, errs io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize,
	_ time.Duration) error {
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	run.Dir = *folder
	run.Stdout, run.Stderr = out, errs
	if in != nil {
		// Not by run.Stdin: the end of the program would wait for the end of what the user types.
		stdin, err := run.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(stdin, in)
			_ = stdin.Close()
		}()
	}
	err := run.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return codes.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return err
}

// The one program of every pod is `cat`.
func (p pods) AttachContainer(ctx context.Context, name string, uid types.UID, container string,
	in io.Reader, out, errs io.WriteCloser, tty bool, size <-chan remotecommand.TerminalSize) error {
	return p.ExecInContainer(ctx, name, uid, container, []string{"cat"}, in, out, errs, tty, size, 0)
}

func (pods) PortForward(_ context.Context, _ string, _ types.UID, port int32,
	stream io.ReadWriteCloser) error {
	defer stream.Close()
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer connection.Close()
	go func() {
		_, _ = io.Copy(connection, stream)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	return err
}
