// Verifies certificates as Kubernetes' own programs do. Each line of the input: FILE OF CAS, FILE, server or client, and
// of a server a name or address that it must be good for. What fails is printed.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
)

var usages = map[string]x509.ExtKeyUsage{"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth}

func read(file string) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	text, err := os.ReadFile(file)
	for err == nil {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			list = append(list, c)
		}
	}
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("no certificate")
	}
	return list, err
}

func verify(words []string) error {
	usage, known := usages[words[2]]
	if !known {
		return fmt.Errorf("no such usage: %s", words[2])
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		KeyUsages: []x509.ExtKeyUsage{usage}}
	if len(words) > 3 {
		options.DNSName = words[3]
	}
	roots, err := read(words[0])
	if err != nil {
		return err
	}
	for _, c := range roots {
		options.Roots.AddCert(c)
	}
	chain, err := read(words[1])
	if err != nil {
		return err
	}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err = chain[0].Verify(options)
	return err
}

func main() {
	verified, failed := 0, 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 3 {
			continue
		}
		if err := verify(words); err != nil {
			fmt.Printf("%s: %v\n", lines.Text(), err)
			failed++
		} else {
			verified++
		}
	}
	fmt.Printf("%d verified, %d failed\n", verified, failed)
	if failed > 0 || verified == 0 {
		os.Exit(1)
	}
}
