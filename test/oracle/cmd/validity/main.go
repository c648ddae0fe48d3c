// Command validity asks the API server's and Cilium's own code whether they take a policy.
//
// It reads one manifest (JSON) a line and answers each with one line:
//
//	{"accepted": bool, "stage": "crd" | "decode" | "sanitize", "reason": string}
//
// The stage says who refuses. "crd": the API server, with strict field validation. "decode": the agent cannot read what
// the API server stored. "sanitize": the agent reads it and takes none of its rules.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
)

type answer struct {
	Accepted bool   `json:"accepted"`
	Stage    string `json:"stage,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

func main() {
	configureAgent()
	server, err := newAPIServer()
	if err != nil {
		log.Fatal(err)
	}

	requests := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(out)
	for {
		var manifest json.RawMessage
		if err := requests.Decode(&manifest); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(fmt.Errorf("request is not JSON: %w", err))
		}
		if err := answers.Encode(judge(server, manifest)); err != nil {
			log.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			log.Fatal(err)
		}
	}
}

func judge(server apiServer, manifest []byte) answer {
	stored, err := server.store(manifest)
	if err != nil {
		return answer{Stage: "crd", Reason: err.Error()}
	}
	policy, err := decode(stored)
	if err != nil {
		return answer{Stage: "decode", Reason: err.Error()}
	}
	if err := sanitize(policy); err != nil {
		return answer{Stage: "sanitize", Reason: err.Error()}
	}
	return answer{Accepted: true}
}
