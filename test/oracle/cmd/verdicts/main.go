// Command verdicts answers reachability questions with Cilium's own policy engine. It reads one job per line on standard
// input and writes one answer per line on standard output; job.ts documents both.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := answerJobs(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "verdicts:", err)
		os.Exit(1)
	}
}

func answerJobs(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	buffered := bufio.NewWriterSize(out, 1<<20)
	encoder := json.NewEncoder(buffered)
	for {
		var j job
		if err := decoder.Decode(&j); err == io.EOF {
			return buffered.Flush()
		} else if err != nil {
			return err
		}
		a, err := j.answer()
		if err != nil {
			return fmt.Errorf("job %s: %w", j.ID, err)
		}
		if err := encoder.Encode(a); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
	}
}
